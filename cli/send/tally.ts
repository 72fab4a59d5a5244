import { createHistogram } from 'node:perf_hooks';
import type { OutgoingBatch } from '../../lib/logplex/batching.ts';
import type { Outcome } from './post.ts';

/** What came of sending; also the JSON summary. */
export interface Summary {
  readonly batches: number;
  readonly messages: number;
  readonly bytes: number;
  /** Batches, as are the next three; `retried` counts tries after the first. */
  readonly acknowledged: number;
  readonly refused: number;
  readonly undelivered: number;
  readonly retried: number;
  readonly seconds: number;
  /** Of the requests that were acknowledged; null where there is none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Why batches were not acknowledged, and how many. */
  readonly reasons: Readonly<Record<string, number>>;
}

/** Adds up outcomes, in constant memory. */
export class Tally {
  readonly #started = performance.now();
  /** In microseconds. */
  readonly #latency = createHistogram();
  readonly #counts = { acknowledged: 0, refused: 0, undelivered: 0 };
  readonly #reasons: Record<string, number> = {};
  #messages = 0;
  #bytes = 0;
  #retried = 0;

  /** Whether this is the first batch with this reason. */
  add(batch: OutgoingBatch, outcome: Outcome): boolean {
    this.#counts[outcome.result] += 1;
    this.#messages += batch.messages;
    this.#bytes += batch.body.length;
    this.#retried += outcome.tries - 1;
    if (outcome.result === 'acknowledged') {
      this.#latency.record(Math.max(1, Math.round(outcome.ms * 1000)));
      return false;
    }
    const count = (this.#reasons[outcome.reason] ?? 0) + 1;
    this.#reasons[outcome.reason] = count;
    return count === 1;
  }

  get acknowledged(): number {
    return this.#counts.acknowledged;
  }

  get messages(): number {
    return this.#messages;
  }

  summary(): Summary {
    const { acknowledged, refused, undelivered } = this.#counts;
    const percentile = (share: number): number | null =>
      acknowledged === 0 ? null : this.#latency.percentile(share) / 1000;
    return {
      batches: acknowledged + refused + undelivered,
      messages: this.#messages,
      bytes: this.#bytes,
      acknowledged,
      refused,
      undelivered,
      retried: this.#retried,
      seconds: Math.round(performance.now() - this.#started) / 1000,
      p50Ms: percentile(50),
      p99Ms: percentile(99),
      reasons: { ...this.#reasons },
    };
  }
}
