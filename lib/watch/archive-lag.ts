import type { SpoolReader, SpoolStatus } from '../spool/spool.ts';

/** How far the archive may be behind what the receiver has acknowledged. */
export interface ArchiveLag {
  /** How long members are gathered before they are stored, in milliseconds; 0 where each is stored at once. */
  readonly windowMs: number;
  /** What waits in the spool now; undefined where nobody can tell. Never rejects. */
  spooled(signal: AbortSignal): Promise<SpoolStatus | undefined>;
}

export const noLag: ArchiveLag = { windowMs: 0, spooled: async () => undefined };

export function archiveLag(windowMs: number, spool: SpoolReader | undefined): ArchiveLag {
  return {
    windowMs,
    // That the spool can't be looked at is for its own check to say.
    spooled: (signal) => spool?.status(signal).catch(() => undefined) ?? Promise.resolve(undefined),
  };
}

/** For the archiver to start, store and be listed. */
const processingMs = 60_000;

/**
 * How old an app's newest key may be although it sends all the time: a key is named by the first member of its
 * window, and stays the newest until the next window is stored.
 */
export function usualLagMs({ windowMs }: ArchiveLag): number {
  return windowMs === 0 ? 0 : 2 * windowMs + processingMs;
}

/** How long the oldest member has waited, at most `mostMs`: so long too where some wait and nobody has measured it. */
export function spooledForMs(status: SpoolStatus | undefined, mostMs: number): number {
  if (status === undefined || status.waiting + status.underWay === 0) return 0;
  return Math.min(status.oldestMs ?? mostMs, mostMs);
}
