import { Agent as HttpAgent, request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import type { OutgoingBatch } from '../../lib/logplex/batching.ts';
import type { DrainToken } from '../../lib/logplex/drain-token.ts';
import type { SendUrl } from './url.ts';

/** How a batch ended. */
export type Outcome =
  | { readonly result: 'acknowledged'; readonly tries: number; readonly ms: number }
  /** `refused`: a 4xx other than 429, after which Logplex drops the batch. `undelivered`: three tries failed. */
  | { readonly result: 'refused' | 'undelivered'; readonly tries: number; readonly reason: string };

export interface PostOptions {
  readonly to: SendUrl;
  readonly token: DrainToken | undefined;
  /** Requests under way at once, each on its own kept-alive connection. */
  readonly connections: number;
  readonly userAgent: string;
  /** Milliseconds; Logplex's own by default. */
  readonly timing?: Timing;
}

export interface Timing {
  readonly connect: number;
  /** The whole request, connecting included. */
  readonly request: number;
  /** Before each further try. */
  readonly waits: readonly number[];
}

/** Logplex tries again at once, and once more after a second. */
const logplexTiming: Timing = { connect: 3_000, request: 5_000, waits: [0, 1_000] };

/**
 * Posts batches the way Logplex does: its headers, timeouts and tries.
 *
 * On node:http and not on fetch, which refuses credentials in a URL, adds headers that Logplex does not send,
 * and has no timeout for connecting alone.
 */
export class Poster {
  readonly #options: PostOptions;
  readonly #agent: HttpAgent | HttpsAgent;
  readonly #secure: boolean;
  readonly #timing: Timing;

  constructor(options: PostOptions) {
    this.#options = options;
    this.#timing = options.timing ?? logplexTiming;
    this.#secure = options.to.url.protocol === 'https:';
    const agent = { keepAlive: true, maxSockets: options.connections };
    this.#agent = this.#secure ? new HttpsAgent(agent) : new HttpAgent(agent);
  }

  async post(batch: OutgoingBatch): Promise<Outcome> {
    for (let tries = 1; ; tries += 1) {
      const started = performance.now();
      const answer = await this.#try(batch);
      if (answer.status !== undefined && answer.status >= 200 && answer.status < 300) {
        return { result: 'acknowledged', tries, ms: performance.now() - started };
      }
      const reason = answer.status === undefined ? answer.fault : `answered ${answer.status}`;
      const final = answer.status !== undefined && answer.status >= 400 && answer.status < 500;
      if (final && answer.status !== 429) return { result: 'refused', tries, reason };
      const wait = this.#timing.waits[tries - 1];
      if (wait === undefined) return { result: 'undelivered', tries, reason };
      await delay(wait);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #headers(batch: OutgoingBatch): OutgoingHttpHeaders {
    const { to, token, userAgent } = this.#options;
    return {
      'Content-Type': 'application/logplex-1',
      'Content-Length': batch.body.length,
      'Logplex-Msg-Count': batch.messages,
      'Logplex-Frame-Id': batch.frameId,
      ...(token === undefined ? {} : { 'Logplex-Drain-Token': token }),
      'User-Agent': userAgent,
      ...(to.authorization === undefined ? {} : { Authorization: to.authorization }),
    };
  }

  /** Never rejects: whatever goes wrong on the way is a fault. */
  #try(batch: OutgoingBatch): Promise<{ status: number } | { status?: never; fault: string }> {
    const timing = this.#timing;
    const signal = AbortSignal.timeout(timing.request);
    const options = { method: 'POST', agent: this.#agent, headers: this.#headers(batch), signal };
    return new Promise((resolve) => {
      const fail = (error: Error): void => {
        resolve({ fault: signal.aborted ? `no answer within ${timing.request / 1000} s` : faultOf(error) });
      };
      const request = (this.#secure ? httpsRequest : httpRequest)(this.#options.to.url, options);
      request.on('error', fail);
      request.on('socket', (socket) => {
        if (!socket.connecting) return;
        const timer = setTimeout(
          () => socket.destroy(new Error(`no connection within ${timing.connect / 1000} s`)),
          timing.connect,
        );
        const connected = this.#secure ? 'secureConnect' : 'connect';
        for (const event of [connected, 'close']) socket.once(event, () => clearTimeout(timer));
      });
      request.on('response', (response) => {
        response.on('error', fail);
        // Read to its end, or the connection can't be used again.
        response.on('end', () => resolve({ status: response.statusCode ?? 0 }));
        response.resume();
      });
      request.end(batch.body);
    });
  }
}

const faults: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed without an answer',
  EPIPE: 'connection closed without an answer',
  ENOTFOUND: 'no such host',
};

function faultOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return faults[code] ?? (error.message || code || error.name);
}
