import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http';
import type { Answer } from './fake-logplex-ledger.ts';

/** Milliseconds. */
export interface LogplexTiming {
  readonly connect: number;
  /** The whole request, connecting and the answer included. */
  readonly request: number;
  /** Before each further try: there is one more try than waits. */
  readonly waits: readonly number[];
  /** How long a connection may lie idle and still be used again. */
  readonly idle: number;
  /** Without success, after which the buffer shrinks. */
  readonly shrink: number;
}

/** Logplex's own; the wait before the third try is the time that its HTTP drains take to connect again. */
export const logplexTiming: LogplexTiming = {
  connect: 3_000,
  request: 5_000,
  waits: [0, 1_000],
  idle: 144_000,
  shrink: 300_000,
};

export function scaleTiming(timing: LogplexTiming, factor: number): LogplexTiming {
  return {
    connect: timing.connect * factor,
    request: timing.request * factor,
    waits: timing.waits.map((wait) => wait * factor),
    idle: timing.idle * factor,
    shrink: timing.shrink * factor,
  };
}

export interface DrainPost {
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly body: Buffer;
  /** Sends the body without saying its length first: what a log-shuttle does. */
  readonly chunked: boolean;
  readonly signal: AbortSignal;
}

/** A drain's one connection: kept alive, and made anew after any failure. */
export class DrainClient {
  readonly #timing: LogplexTiming;
  #agent: Agent;

  constructor(timing: LogplexTiming) {
    this.#timing = timing;
    this.#agent = this.#newAgent();
  }

  /** One request. Never rejects: whatever goes wrong is an answer too. */
  async post(post: DrainPost): Promise<Answer> {
    const answer = await this.#post(post);
    const reusable = typeof answer === 'number' && answer < 500 && answer !== 429;
    if (!reusable) {
      this.#agent.destroy();
      this.#agent = this.#newAgent();
    }
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }

  #newAgent(): Agent {
    return new Agent({ keepAlive: true, maxSockets: 1, timeout: this.#timing.idle });
  }

  #post({ url, headers, body, chunked, signal }: DrainPost): Promise<Answer> {
    return new Promise((resolve) => {
      let isConnected = false;
      const outgoing = request({
        host: url.hostname,
        port: url.port,
        path: url.pathname + url.search,
        method: 'POST',
        agent: this.#agent,
        signal,
        headers: {
          ...headers,
          // Not URL-decoded: Logplex takes the userinfo as it stands.
          Authorization: `Basic ${Buffer.from(`${url.username}:${url.password}`).toString('base64')}`,
          ...(chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': body.length }),
        },
      });
      const settle = (answer: Answer): void => {
        clearTimeout(deadline);
        clearTimeout(connecting);
        resolve(isConnected ? answer : 'no-connection');
      };
      const giveUp = (): void => {
        settle('timeout');
        outgoing.destroy();
      };
      const deadline = setTimeout(giveUp, this.#timing.request);
      const connecting = setTimeout(() => {
        if (!isConnected) giveUp();
      }, this.#timing.connect);
      outgoing.on('socket', (socket) => {
        if (!socket.connecting) isConnected = true;
        else socket.once('connect', () => (isConnected = true));
      });
      outgoing.on('error', () => settle('broken'));
      outgoing.on('response', (incoming) => readAnswer(incoming, settle));
      if (chunked) outgoing.write(body.subarray(0, body.length / 2));
      outgoing.end(chunked ? body.subarray(body.length / 2) : body);
    });
  }
}

function readAnswer(incoming: IncomingMessage, settle: (answer: Answer) => void): void {
  // Logplex can't parse a chunked answer.
  const isReadable = incoming.headers['transfer-encoding'] === undefined;
  incoming.on('error', () => settle('broken'));
  // Read to its end, or the connection can't be used again.
  incoming.on('end', () => settle(isReadable ? (incoming.statusCode ?? 0) : 'unreadable'));
  incoming.resume();
}
