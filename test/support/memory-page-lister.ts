import { setTimeout as wait } from 'node:timers/promises';
import type { PageLister } from '../../lib/archive/store/page-lister.ts';

/** Keys in byte order, each at its index: an array, or what makes them up. */
export interface SortedKeys {
  readonly length: number;
  at(index: number): string | undefined;
}

/** One list request as it was asked. */
export interface PageRequest {
  readonly prefix: string;
  readonly after: string;
  readonly max: number;
}

/** Pages of keys in memory, found by halving as a store finds them: a million cost no more than ten. */
export class MemoryPageLister implements PageLister {
  readonly requests: PageRequest[] = [];
  /** The next requests fail so, in order. */
  readonly failures: (Error | undefined)[] = [];
  /** How many requests were under way at once, at most. */
  busiest = 0;
  readonly #keys: SortedKeys;
  readonly #latencyMs: number;
  #underWay = 0;

  constructor(keys: SortedKeys = [], { latencyMs = 0 } = {}) {
    this.#keys = Array.isArray(keys) ? keys.toSorted() : keys;
    this.#latencyMs = latencyMs;
  }

  async page(prefix: string, after: string, max: number, signal?: AbortSignal): Promise<readonly string[]> {
    this.requests.push({ prefix, after, max });
    this.#underWay += 1;
    this.busiest = Math.max(this.busiest, this.#underWay);
    try {
      signal?.throwIfAborted();
      if (this.#latencyMs > 0) await wait(this.#latencyMs, undefined, { ...(signal && { signal }) });
      const failure = this.failures.shift();
      if (failure !== undefined) throw failure;
      return this.#find(prefix, after, max);
    } finally {
      this.#underWay -= 1;
    }
  }

  #find(prefix: string, after: string, max: number): string[] {
    const found: string[] = [];
    for (let index = this.#firstBehind(prefix, after); found.length < max; index += 1) {
      const key = this.#keys.at(index);
      if (index >= this.#keys.length || key === undefined || !key.startsWith(prefix)) break;
      found.push(key);
    }
    return found;
  }

  /** The index of the first key that is greater than `after` and not less than `prefix`. */
  #firstBehind(prefix: string, after: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const key = this.#keys.at(middle) ?? '';
      if (key > after && key >= prefix) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
