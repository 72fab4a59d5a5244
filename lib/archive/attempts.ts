import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectKey } from './key.ts';
import { type ArchiveWriter, type Creation, StoreError } from './store.ts';

/** How long one attempt may take: a second, and what a store takes in at 4 MB/s. */
const attemptMs = 1000;
const attemptBytesPerMs = 4000;
const firstPauseMs = 40;
const longestPauseMs = 400;

export interface Delivered {
  readonly creation: Creation;
  /** 1 when the first attempt succeeded. Later ones may find what an earlier one stored without saying so. */
  readonly attempts: number;
}

/**
 * Stores an object within `budgetMs`, in bounded, jittered attempts. Logplex's own retries come within
 * milliseconds, so ours happen inside the request. Throws the last {@link StoreError}.
 */
export async function createWithin(
  store: ArchiveWriter,
  key: ObjectKey,
  body: Buffer,
  budgetMs: number,
): Promise<Delivered> {
  const deadline = performance.now() + budgetMs;
  for (let attempts = 1; ; attempts += 1) {
    const left = deadline - performance.now();
    try {
      const timeoutMs = Math.min(attemptMs + body.length / attemptBytesPerMs, left);
      const creation = await attempt(store, key, body, Math.max(1, timeoutMs));
      return { creation, attempts };
    } catch (error) {
      const failure = error instanceof StoreError ? error : unexpected(error);
      const pause = (0.5 + Math.random() / 2) * Math.min(longestPauseMs, firstPauseMs * 2 ** attempts);
      if (!failure.retry || performance.now() + pause >= deadline) throw failure;
      await sleep(pause);
    }
  }
}

/** One attempt, ended after `timeoutMs` also when the store does not listen to its signal. */
async function attempt(
  store: ArchiveWriter,
  key: ObjectKey,
  body: Buffer,
  timeoutMs: number,
): Promise<Creation> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StoreError('unavailable', `no answer within ${Math.round(timeoutMs)} ms`));
      controller.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([store.create(key, body, controller.signal), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function unexpected(cause: unknown): StoreError {
  return new StoreError('unavailable', 'the store failed in an unexpected way', { cause });
}
