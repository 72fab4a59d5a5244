import type { AppName } from '../../lib/drains/app-name.ts';
import { type LogplexTiming, logplexTiming, scaleTiming } from './fake-logplex-client.ts';
import { FakeDrain } from './fake-logplex-drain.ts';
import type { DrainLedger } from './fake-logplex-ledger.ts';
import type { Sender } from './fake-logplex-messages.ts';
import { Random } from './random.ts';

export interface FakeDrainOptions {
  /** With its credentials in the userinfo. */
  readonly url: URL;
  /** No two drains may share one. */
  readonly token: string;
  readonly app: AppName;
  /** `log-shuttle`: what a Private Space sends. */
  readonly sender?: Sender;
}

export interface FakeLogplexOptions {
  readonly seed: number;
  readonly drains: readonly FakeDrainOptions[];
  readonly batchesPerDrain: number;
  /** On average; less than 512 or so, or the buffer runs over even while all goes well. */
  readonly messagesPerBatch: number;
  /** The chance that an app logs more than the buffer holds while a batch is retried; 0.01 by default. */
  readonly storms?: number;
  /** Milliseconds between two batches of a drain; none by default. */
  readonly pause?: number;
  /** Shortens every one of Logplex's times by this factor. */
  readonly timeScale?: number;
  /** Times that are not to be scaled, but these. */
  readonly timing?: Partial<LogplexTiming>;
  /** Milliseconds since 1970: what the messages are dated by. */
  readonly now?: () => number;
  /** Stops the run: what is in flight then is `abandoned`. */
  readonly signal?: AbortSignal;
}

/**
 * Many drains of a Logplex node, each with one request in flight. What they produce, the seed decides; how it
 * goes into batches follows from the answers. Protocol: https://devcenter.heroku.com/articles/log-drains and
 * heroku/logplex (logplex_http_drain, logplex_msg_buffer).
 */
export class FakeLogplex {
  readonly #drains: readonly FakeDrain[];
  readonly #signal: AbortSignal;
  readonly #byToken: ReadonlyMap<string, FakeDrain>;

  constructor(options: FakeLogplexOptions) {
    const { seed, drains, timeScale = 1, signal } = options;
    const timing = { ...scaleTiming(logplexTiming, timeScale), ...options.timing };
    this.#drains = drains.map(
      ({ url, token, app, sender = 'logplex' }, index) =>
        new FakeDrain({
          name: `${seed}-${index}`,
          app,
          token,
          url,
          sender,
          batches: options.batchesPerDrain,
          messages: options.messagesPerBatch,
          storms: options.storms ?? 0.01,
          pause: options.pause ?? 0,
          timing,
          random: new Random(Math.imul(seed, 1_000_003) + 2 * index),
          pace: new Random(Math.imul(seed, 1_000_003) + 2 * index + 1),
          now: options.now ?? Date.now,
        }),
    );
    this.#byToken = new Map(drains.flatMap(({ token }, i) => pairWith(token, this.#drains[i])));
    if (this.#byToken.size !== drains.length) throw new Error('two drains share a token');
    this.#signal = signal ?? new AbortController().signal;
  }

  /** Sends everything. Never rejects: what went wrong is in the ledger. */
  async run(): Promise<void> {
    await Promise.all(this.#drains.map((drain) => drain.run(this.#signal)));
  }

  /** Gives a drain another URL, such as one with new credentials: its next request goes there, retries too. */
  setUrl(token: string, url: URL): void {
    const drain = this.#byToken.get(token);
    if (drain === undefined) throw new Error(`no drain ${token}`);
    drain.url = url;
  }

  /** What each drain knows by now. */
  get ledger(): readonly DrainLedger[] {
    return this.#drains.map(({ ledger }) => ledger);
  }
}

function pairWith<T>(key: string, value: T | undefined): [string, T][] {
  return value === undefined ? [] : [[key, value]];
}
