import { setTimeout as sleep } from 'node:timers/promises';
import type { Circuit } from './circuit.ts';
import { StoreError } from './store.ts';

/** How long one attempt may take: a second, and what a store takes in at 4 MB/s, where nothing else is said. */
const attemptMs = 1000;
const usualBytesPerMs = 4000;
const firstPauseMs = 40;
const longestPauseMs = 400;

export interface Attempted<T> {
  readonly result: T;
  /** 1 when the first attempt succeeded. Later ones may find what an earlier one stored without saying so. */
  readonly attempts: number;
}

export interface AttemptLimits {
  readonly budgetMs: number;
  /** Of what is written: larger bodies may take longer. */
  readonly bytes: number;
  /** The slowest way to the store that is waited for. */
  readonly bytesPerMs?: number;
  /** Hears of every attempt; no other is made once it has opened. */
  readonly circuit?: Circuit | undefined;
}

/**
 * Writes within `budgetMs`, in bounded, jittered attempts. Logplex's own retries come within milliseconds, so ours
 * happen inside the request. Throws the last {@link StoreError}.
 */
export async function writeWithin<T>(
  write: (signal: AbortSignal) => Promise<T>,
  { budgetMs, bytes, bytesPerMs = usualBytesPerMs, circuit }: AttemptLimits,
): Promise<Attempted<T>> {
  const deadline = performance.now() + budgetMs;
  for (let attempts = 1; ; attempts += 1) {
    const started = performance.now();
    try {
      const timeoutMs = Math.min(attemptMs + bytes / bytesPerMs, deadline - started);
      const result = await attempt(write, Math.max(1, timeoutMs));
      circuit?.succeeded();
      return { result, attempts };
    } catch (error) {
      const failure = error instanceof StoreError ? error : unexpected(error);
      report(circuit, failure, performance.now() - started);
      const pause = (0.5 + Math.random() / 2) * Math.min(longestPauseMs, firstPauseMs * 2 ** attempts);
      const hopeless = !failure.retry || circuit?.closed === false;
      if (hopeless || performance.now() + pause >= deadline) throw failure;
      await sleep(pause);
    }
  }
}

/** A store that says that another write to this key is under way does answer. */
function report(circuit: Circuit | undefined, { code }: StoreError, tookMs: number): void {
  if (code === 'conflict') circuit?.succeeded();
  else circuit?.failed(tookMs);
}

/** One attempt, ended after `timeoutMs` also when the store does not listen to its signal. */
async function attempt<T>(write: (signal: AbortSignal) => Promise<T>, timeoutMs: number): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new StoreError('unavailable', `no answer within ${Math.round(timeoutMs)} ms`));
      controller.abort();
    }, timeoutMs);
  });
  try {
    return await Promise.race([write(controller.signal), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function unexpected(cause: unknown): StoreError {
  return new StoreError('unavailable', 'it failed in an unexpected way', { cause });
}
