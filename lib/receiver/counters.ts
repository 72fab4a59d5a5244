import type { AppName } from '../drains/app-name.ts';

/** Every counter that the receiver keeps, with its unit. Anything dropped, cut or changed has one. */
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
  /** Bodies that arrived with `Content-Encoding: gzip` and were stored inflated. */
  inflated: 'Count',
  /** Batch headers that had to leave something out. */
  'headers-truncated': 'Count',
  'loss-notices': 'Count',
  /** Messages that Heroku says it lost. */
  'messages-lost': 'Count',
  unauthorised: 'Count',
  /** Refused with Logplex headers: Heroku drops these for good. By whether the drain token is mapped. */
  'refused-drain-known': 'Count',
  'refused-drain-unknown': 'Count',
  'registry-unavailable': 'Count',
  'too-large': 'Count',
  aborted: 'Count',
  undelivered: 'Count',
} as const;

export type CounterName = keyof typeof counterUnits;

/** Where CloudWatch keeps them: a namespace, and the dimension `service`, beside `stage` and where known `app`. */
export const cloudWatchMetrics = { namespace: 'Cistern', service: 'receiver' } as const;

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
