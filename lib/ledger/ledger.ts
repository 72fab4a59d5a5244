/**
 * Where Cistern keeps all that it derives: incidents, reports, later manifests. A port over the ledger bucket
 * and over a directory. Keys are `/`-separated, such as `incidents/state.json`.
 *
 * Every method throws {@link LedgerError} when the store fails; `signal` ends it early.
 */
export interface Ledger {
  /** Undefined when there is no such object. */
  read(key: string, signal?: AbortSignal): Promise<LedgerObject | undefined>;
  /** Stores where nothing is stored; `exists` leaves what is there. Durable when it resolves. */
  create(key: string, body: Buffer, signal?: AbortSignal): Promise<'created' | 'exists'>;
  /** Stores only if the object is still at `version`; with undefined, only where nothing is stored. */
  replace(
    key: string,
    body: Buffer,
    version: string | undefined,
    signal?: AbortSignal,
  ): Promise<'replaced' | 'changed'>;
  /** Keys under `prefix` greater than `after`, in byte order, over any number of pages. */
  list(prefix: string, after?: string, signal?: AbortSignal): AsyncIterable<string>;
}

export interface LedgerObject {
  readonly body: Buffer;
  /** Changes with every write: what {@link Ledger.replace} compares. */
  readonly version: string;
}

export class LedgerError extends Error {
  /** Whether trying again may help: the store was away or busy. */
  readonly retry: boolean;

  constructor(message: string, retry: boolean, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LedgerError';
    this.retry = retry;
  }
}
