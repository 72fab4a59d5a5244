import type { ObjectKey } from '../archive/format/key.ts';

/** A member on its way to the archive, with the key that the receiver gave it. */
export interface SpooledMember {
  readonly key: ObjectKey;
  readonly member: Buffer;
}

/** The spool as the receiver sees it: it can add a member, and nothing else. */
export interface SpoolWriter {
  /** The largest member that it takes, in bytes. */
  readonly maxMemberBytes: number;
  /** Set where nothing reads a member any more once its `put` has settled: its memory may be given back then. */
  readonly releasable?: true;

  /**
   * One attempt to add a member. Resolves only when it is durable; throws `StoreError` when that is not known.
   * Adding one twice is harmless: what is archived twice is read once.
   */
  put(spooled: SpooledMember, signal: AbortSignal): Promise<void>;
}

/** What waits in a spool, as an operator sees it. */
export interface SpoolStatus {
  /** Members that wait; on AWS an estimate. */
  readonly waiting: number;
  /** Members that the archiver has taken and not finished yet. */
  readonly underWay: number;
  /** How long the oldest of them has waited, in milliseconds; undefined where none does, or nobody can tell. */
  readonly oldestMs?: number;
  /** Members that were given up, and wait for somebody; undefined where a spool gives up none. */
  readonly deadLetters?: number;
}

export interface SpoolReader {
  /** Rejects when the spool can't be looked at. */
  status(signal?: AbortSignal): Promise<SpoolStatus>;
}

/** How old the oldest member may become before a person is wanted. */
export const pageAfterMs: number = 15 * 60 * 1000;
