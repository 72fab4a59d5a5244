import { dirname } from 'node:path/posix';
import type { ObjectKey } from '../archive/format/key.ts';
import { StoreError } from '../archive/store/store.ts';

/** Refusals in a row after which no more objects of that day of that app are tried. */
const refusalsToPassOver = 3;

/**
 * What a store refuses during one run. A refusal is an answer: it says nothing of other apps and days, which may
 * have other rights. So each has its own count, and a store that refuses everything costs some attempts for each.
 */
export class Refusals {
  readonly #inARow = new Map<string, number>();

  /** Whether the store refused enough beside this object. */
  passesOver(key: ObjectKey): boolean {
    return (this.#inARow.get(dirname(key)) ?? 0) >= refusalsToPassOver;
  }

  refused(key: ObjectKey): void {
    const place = dirname(key);
    this.#inARow.set(place, (this.#inARow.get(place) ?? 0) + 1);
  }

  taken(key: ObjectKey): void {
    this.#inARow.delete(dirname(key));
  }
}

/** Whether the store is there, and will not take this. */
export function isRefusal(error: unknown): error is StoreError {
  return error instanceof StoreError && error.code === 'refused';
}
