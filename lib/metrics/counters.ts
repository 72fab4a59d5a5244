import type { AppName } from '../drains/app-name.ts';

/**
 * Every counter that the receiver and the archiver keep, with its unit. Anything dropped, cut or changed has one.
 */
export const counterUnits = {
  /** Batches stored; a batch stored before counts as a duplicate only. */
  batches: 'Count',
  messages: 'Count',
  /** Raw bytes of stored batches. */
  bytes: 'Bytes',
  /** Bytes of the members they became. */
  'stored-bytes': 'Bytes',
  /** From the request to its answer. */
  latency: 'Milliseconds',
  duplicates: 'Count',
  malformed: 'Count',
  /** Stored under an app that no operator named. */
  unlisted: 'Count',
  /** Stored under the app of a bound secret although the path names another. */
  mismatched: 'Count',
  /** Bodies that arrived compressed and were stored inflated. */
  inflated: 'Count',
  /** Batch headers that had to leave something out. */
  'headers-truncated': 'Count',
  'loss-notices': 'Count',
  /** Messages that Heroku says it lost for this drain. */
  'messages-lost': 'Count',
  /** Messages that Heroku says it lost for a tail session or another drain: no loss of this archive. */
  'messages-lost-elsewhere': 'Count',
  unauthorised: 'Count',
  /** Refused with Logplex headers: Heroku drops these for good. By whether the drain token is mapped. */
  'refused-drain-known': 'Count',
  'refused-drain-unknown': 'Count',
  'registry-unavailable': 'Count',
  'too-large': 'Count',
  aborted: 'Count',
  undelivered: 'Count',
  /** Batches acknowledged because the spool holds them; also counted as batches. */
  spooled: 'Count',
  /** A path was found failing, and is avoided; it was found well, and is used again. */
  'store-circuit-opened': 'Count',
  'store-circuit-closed': 'Count',
  'spool-circuit-opened': 'Count',
  'spool-circuit-closed': 'Count',
  // Of the archiver:
  'archived-objects': 'Count',
  'archived-members': 'Count',
  /** Bytes of the members archived. */
  'archived-bytes': 'Bytes',
  /** Members left out because their uuid was in the same object already. */
  'spool-copies': 'Count',
  /** Members that could not be archived this time: they are tried again. */
  'left-in-spool': 'Count',
  /** Bad messages kept whole in the ledger. */
  'set-aside': 'Count',
  /** The same of what a segment ends in: after a power cut it may never have been acknowledged. */
  'set-aside-doubtful': 'Count',
  /** How long the oldest member at hand had waited. */
  'spool-age': 'Milliseconds',
} as const;

export type CounterName = keyof typeof counterUnits;

/** Those that the archiver keeps; all others are the receiver's. */
export const archiverCounters: ReadonlySet<CounterName> = new Set<CounterName>([
  'archived-objects',
  'archived-members',
  'archived-bytes',
  'spool-copies',
  'left-in-spool',
  'set-aside',
  'set-aside-doubtful',
  'spool-age',
]);

/** Where CloudWatch keeps them, beside the dimensions `service` (who counted), `stage` and where known `app`. */
export const cloudWatchNamespace = 'Cistern';

export type CountingService = 'receiver' | 'archiver';

/** What one request adds to the counters. */
export interface Sample {
  readonly counts: Readonly<Partial<Record<CounterName, number>>>;
  readonly app?: AppName;
  /** The secret that a stored batch was sent with: one that stays at nothing can be retired. */
  readonly secretId?: string;
}

export interface Counters {
  record(sample: Sample): void;
}
