import { promisify } from 'node:util';
import { constants, gunzip, inflateRaw } from 'node:zlib';
import { codeOf } from '../../base/errors.ts';

/** Gzip that can't be inflated whole within its cap. `code` says which of the ways it went wrong. */
export class InflateError extends Error {
  readonly code: 'over the cap' | 'bad gzip' | 'bytes after gzip';

  constructor(code: InflateError['code'], options?: ErrorOptions) {
    super(code, options);
    this.name = 'InflateError';
    this.code = code;
  }
}

interface WithEngine {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

const gunzipWithInfo = promisify(gunzip) as unknown as (
  bytes: Uint8Array,
  options: { readonly maxOutputLength: number; readonly info: true },
) => Promise<WithEngine>;

/**
 * Inflates gzip, one member or several, to at most `cap` bytes, and checks its checksums. The only inflater:
 * whatever comes from outside is capped here. Throws {@link InflateError}, also when anything follows the gzip
 * data (zlib would pass over it in silence).
 */
export async function inflateCapped(bytes: Uint8Array, cap: number): Promise<Buffer> {
  if (bytes.length === 0) throw new InflateError('bad gzip');
  let result: WithEngine;
  try {
    result = await gunzipWithInfo(bytes, { maxOutputLength: cap, info: true });
  } catch (cause) {
    const tooLarge = codeOf(cause) === 'ERR_BUFFER_TOO_LARGE';
    throw new InflateError(tooLarge ? 'over the cap' : 'bad gzip', { cause });
  }
  if (result.engine.bytesWritten < bytes.length) throw new InflateError('bytes after gzip');
  return result.buffer;
}

const inflateRawAsync = promisify(inflateRaw);

/**
 * As much as can be inflated of DEFLATE data that is damaged or cut, at most `cap` bytes: what comes before the
 * first byte of it that zlib refuses. What zlib inflates need not be what was deflated.
 */
export async function inflateDamaged(data: Uint8Array, cap: number): Promise<Buffer> {
  const options = { maxOutputLength: cap, finishFlush: constants.Z_SYNC_FLUSH };
  let found: Buffer = Buffer.alloc(0);
  let low = 0;
  // zlib hands out nothing of a call that fails, so the longest beginning that does not fail is searched for.
  for (let high = data.length, length = high; low < high; length = Math.ceil((low + high) / 2)) {
    try {
      found = await inflateRawAsync(data.subarray(0, length), options);
      low = length;
    } catch {
      high = length - 1;
    }
  }
  return found;
}
