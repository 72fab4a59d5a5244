import { Agent, type OutgoingHttpHeaders, request } from 'node:http';
import type { RawAnswer } from './raw-connection.ts';
import { basic } from './receiver.ts';

export interface PostSetup {
  readonly path?: string;
  readonly method?: string;
  readonly secret?: string;
  readonly headers?: OutgoingHttpHeaders;
  /** Sends the body without saying its length first. */
  readonly chunked?: boolean;
  /** Keeps connections open and reuses them; left out, the request has its own. */
  readonly agent?: Agent;
}

/** One connection at a time, kept open between requests: what a Logplex node does. */
export function oneConnection(): Agent {
  return new Agent({ keepAlive: true, maxSockets: 1 });
}

/**
 * Posts a batch as Logplex does, and checks what holds of every answer: it is empty and says so by its
 * Content-Length. Rejects when the connection ends without an answer.
 */
export function post(url: URL, body: Uint8Array, setup: PostSetup = {}): Promise<RawAnswer> {
  const { path = '/my-app', method = 'POST', secret, headers, agent, chunked } = setup;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        path,
        method,
        agent: agent ?? false,
        headers: {
          'content-type': 'application/logplex-1',
          ...(chunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length }),
          ...(secret === undefined ? {} : { authorization: basic('drain', secret) }),
          ...headers,
        },
      },
      (incoming) => {
        let bytes = 0;
        incoming.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        incoming.on('error', reject);
        incoming.on('end', () => {
          const received = new Map(
            Object.entries(incoming.headers).map(([name, value]) => [name, `${value}`]),
          );
          const status = incoming.statusCode ?? 0;
          if (bytes > 0 || received.get('content-length') !== '0' || received.has('transfer-encoding')) {
            reject(new Error(`answer ${status} of ${bytes} bytes must be empty and say so`));
          }
          resolve({ status, headers: received });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
