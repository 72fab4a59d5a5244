import { hash } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { AppName } from '../../lib/drains/app-name.ts';
import { frameMessages } from '../../lib/logplex/frames.ts';
import { bufferSize, DrainBuffer } from './fake-logplex-buffer.ts';
import { DrainClient, type LogplexTiming } from './fake-logplex-client.ts';
import {
  type Answer,
  type BatchRecord,
  type BatchResult,
  type DrainLedger,
  isRefusal,
  isSuccess,
  type TryRecord,
} from './fake-logplex-ledger.ts';
import { MessageSource, renderLossNotice, type Sender } from './fake-logplex-messages.ts';
import type { Random } from './random.ts';

export interface DrainSetup {
  readonly name: string;
  readonly app: AppName;
  readonly token: string;
  /** With its credentials. */
  readonly url: URL;
  readonly sender: Sender;
  /** Batches to send; what is left in the buffer then, and what is lost and not declared, goes out in a few more. */
  readonly batches: number;
  /** Messages that are produced between two requests, on average. */
  readonly messages: number;
  /** The chance that, while a batch waits to be retried, its app logs more than the buffer holds. */
  readonly storms: number;
  /** Milliseconds between two batches. */
  readonly pause: number;
  readonly timing: LogplexTiming;
  /** Decides the messages, whatever becomes of them. */
  readonly random: Random;
  /** Decides how many are produced between two requests, and the batches' ids. */
  readonly pace: Random;
  readonly now: () => number;
}

/** Batches after the last, at most, to send what is left and to declare what is lost. */
const maxClosingBatches = 30;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** One drain of one Logplex node: a producer, a bounded buffer, and one request in flight. */
export class FakeDrain {
  /** Where the next request goes, retries too: an operator may give the drain another URL at any time. */
  url: URL;
  readonly #setup: DrainSetup;
  readonly #source: MessageSource;
  readonly #buffer = new DrainBuffer();
  readonly #client: DrainClient;
  readonly #batches: BatchRecord[] = [];
  #lastSuccess: number = performance.now();

  constructor(setup: DrainSetup) {
    this.#setup = setup;
    this.url = setup.url;
    this.#source = new MessageSource(setup);
    this.#client = new DrainClient(setup.timing);
  }

  get ledger(): DrainLedger {
    const { name, app, token, sender } = this.#setup;
    return {
      name,
      app,
      ...(sender === 'logplex' ? { token } : {}),
      produced: this.#source.produced,
      batches: this.#batches,
      lost: this.#buffer.lost,
      undeclared: this.#buffer.losses.count,
      unsent: this.#buffer.length,
    };
  }

  /** Sends its batches. Resolves early, never rejects, when the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#lastSuccess = performance.now();
    const { batches, pause } = this.#setup;
    for (let sent = 0; sent < batches && !signal.aborted; sent += 1) {
      this.#produce();
      await this.#sendBatch(signal);
      if (pause > 0) await sleep(pause, signal);
    }
    for (let closing = 0; closing < maxClosingBatches && !signal.aborted; closing += 1) {
      if (this.#buffer.length === 0 && this.#buffer.losses.count === 0) break;
      if (this.#buffer.length === 0) this.#produceOne();
      await this.#sendBatch(signal);
    }
    this.#client.close();
  }

  #produce(): void {
    const { pace, messages } = this.#setup;
    const count = pace.between(1, 2 * messages - 1);
    for (let i = 0; i < count; i += 1) this.#produceOne();
  }

  #produceMore(): void {
    const { pace, storms } = this.#setup;
    if (pace.chance(storms)) {
      for (let left = bufferSize + pace.between(1, 50); left > 0; left -= 1) this.#produceOne();
    } else this.#produce();
  }

  #produceOne(): void {
    this.#buffer.push(this.#source.next(), this.#setup.now());
  }

  async #sendBatch(signal: AbortSignal): Promise<void> {
    const { pace, now, timing } = this.#setup;
    const { first, messages } = this.#buffer.take();
    const tries: TryRecord[] = [];
    const batch: Mutable<BatchRecord> = {
      id: makeId(pace),
      first,
      count: messages.length,
      tries,
      result: 'abandoned',
    };
    const isClosing = this.#batches.length >= this.#setup.batches;
    this.#batches.push(batch);
    const payload = frameMessages(messages);
    while (batch.result === 'abandoned' && !signal.aborted) {
      const tried = await this.#try(batch, payload, signal);
      tries.push(tried);
      if (isSuccess(tried.answer)) {
        batch.result = 'acknowledged';
        this.#lastSuccess = performance.now();
        this.#buffer.declared(tried.lost, now());
        this.#buffer.grow();
        return;
      }
      if (signal.aborted) return;
      // While a batch is retried its app logs on: that is what fills the buffer.
      if (!isClosing) this.#produceMore();
      if (performance.now() - this.#lastSuccess >= timing.shrink) this.#buffer.shrink(now());
      const why = this.#endOf(tried.answer, tries.length);
      if (why !== undefined) {
        batch.result = why;
        this.#buffer.lose({ first, count: batch.count, why }, now());
        return;
      }
      await sleep(timing.waits[tries.length - 1] ?? 0, signal);
    }
  }

  /** Why a batch is given up after so many tries, or undefined when it is tried again. */
  #endOf(answer: Answer, tries: number): Exclude<BatchResult, 'acknowledged' | 'abandoned'> | undefined {
    const { sender, timing } = this.#setup;
    // A log-shuttle tries again only when it got no answer at all.
    if (isRefusal(answer)) return 'refused';
    if (sender === 'log-shuttle' && typeof answer === 'number') return 'undelivered';
    return tries > timing.waits.length ? 'undelivered' : undefined;
  }

  /** The notice is rendered on every try: it says what is lost by now, and when now is. */
  async #try({ id, count }: BatchRecord, payload: Buffer, signal: AbortSignal): Promise<TryRecord> {
    const { sender, now } = this.#setup;
    const { count: lost, since } = this.#buffer.losses;
    const notices = lost === 0 ? [] : [renderLossNotice(sender, lost, since, now())];
    const body = lost === 0 ? payload : Buffer.concat([frameMessages(notices), payload]);
    const answer = await this.#client.post({
      url: this.url,
      headers: this.#headers(id, count + notices.length),
      body,
      chunked: sender === 'log-shuttle',
      signal,
    });
    return { sha256: hash('sha256', body, 'hex'), lost, answer };
  }

  #headers(id: string, messages: number): OutgoingHttpHeaders {
    const { sender, token } = this.#setup;
    const headers = { 'Content-Type': 'application/logplex-1', 'Logplex-Msg-Count': messages };
    if (sender === 'log-shuttle')
      return { ...headers, 'User-Agent': 'log-shuttle/0.21.0', 'X-Request-Id': id };
    return {
      ...headers,
      'Logplex-Frame-Id': id,
      'Logplex-Drain-Token': token,
      'User-Agent': 'Logplex/v115',
    };
  }
}

/** 32 hex digits in capitals, as Logplex makes them. */
function makeId(random: Random): string {
  return Array.from({ length: 32 }, () => random.between(0, 15).toString(16))
    .join('')
    .toUpperCase();
}

/** Resolves early when the signal aborts. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { signal }).catch(() => undefined);
}
