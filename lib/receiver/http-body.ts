import type { IncomingMessage } from 'node:http';
import { release } from '../base/release-memory.ts';
import { BodyError } from './errors.ts';

/**
 * The whole body of a request, at most `limit` bytes. Rejects with {@link BodyError}: `aborted` when it stops
 * in the middle, `too large` as soon as it is known to be.
 */
export function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  // A sender that hung up while its credentials were judged: its events have been and gone.
  if (request.destroyed) return Promise.reject(new BodyError('aborted'));
  const declared = Number(request.headers['content-length'] ?? Number.NaN);
  if (declared > limit) return Promise.reject(new BodyError('too large'));
  return new Promise((resolve, reject) => {
    // A declared length is copied into place chunk by chunk: the body is never held twice.
    const whole = Number.isNaN(declared) ? undefined : Buffer.allocUnsafeSlow(declared);
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      if (length + chunk.length > limit) {
        // The rest is read and dropped, or the sender, still writing, would never read the answer.
        reject(new BodyError('too large'));
        chunks.length = 0;
      } else if (whole === undefined) chunks.push(chunk);
      else chunk.copy(whole, length);
      length += chunk.length;
      if (whole !== undefined) release(chunk);
    });
    request.on('end', () => resolve(whole ?? Buffer.concat(chunks, length)));
    request.on('error', (cause) => reject(new BodyError('aborted', { cause })));
    request.on('close', () => {
      // Every request closes; one that did not end first was aborted.
      if (!request.readableEnded) reject(new BodyError('aborted'));
    });
  });
}
