import { setTimeout as sleep } from 'node:timers/promises';
import { StoreError } from '../archive/store/store.ts';
import type { SpoolReader, SpoolStatus } from './spool.ts';

export interface AwaitDrained {
  readonly reader: SpoolReader;
  /** How far behind the reader's age may be; 0 where it is exact. */
  readonly ageLagMs: number;
  /** How often running the spool has to be found empty: a queue only estimates what it holds. */
  readonly looks: number;
  /** Hears every look; what it does is waited for. */
  readonly onLook: (status: SpoolStatus) => Promise<void> | void;
  readonly timeoutMs: number;
  readonly pollMs?: number;
}

/** So many looks running that fail are no bad luck. */
const failuresToGiveUp = 5;

/**
 * Waits until all that waits now has left the spool, and resolves with the last look and whether that is so.
 * Where batches keep coming a spool is never empty: then it is drained when its oldest member came after the start.
 * Rejects with what keeps the spool from being looked at, or with what `onLook` throws.
 */
export async function awaitDrained({
  reader,
  ageLagMs,
  looks,
  onLook,
  timeoutMs,
  pollMs = 2_000,
}: AwaitDrained): Promise<{ readonly drained: boolean; readonly last: SpoolStatus }> {
  const started = performance.now();
  let empty = 0;
  for (;;) {
    // Before the look: what is as young as this came after the start, however long looking takes.
    const elapsed = performance.now() - started;
    const last = await look(reader, pollMs);
    await onLook(last);
    empty = isEmpty(last) ? empty + 1 : 0;
    if (empty >= looks || (isYounger(last, elapsed - ageLagMs) && !hasDeadLetters(last))) {
      return { drained: true, last };
    }
    if (performance.now() - started >= timeoutMs) return { drained: false, last };
    await sleep(pollMs);
  }
}

/** A look that fails now and then does not end the wait. */
async function look(reader: SpoolReader, pollMs: number): Promise<SpoolStatus> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await reader.status();
    } catch (error) {
      const final = error instanceof StoreError && !error.retry;
      if (final || failures === failuresToGiveUp) throw error;
      await sleep(pollMs);
    }
  }
}

function isEmpty(status: SpoolStatus): boolean {
  return status.waiting + status.underWay === 0 && !hasDeadLetters(status);
}

function hasDeadLetters({ deadLetters = 0 }: SpoolStatus): boolean {
  return deadLetters > 0;
}

function isYounger({ oldestMs }: SpoolStatus, ms: number): boolean {
  return oldestMs !== undefined && oldestMs < ms;
}
