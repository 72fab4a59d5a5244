import type { ObjectKey } from '../format/key.ts';

/**
 * What a create-only write found. `exists` can only mean that these very bytes are stored, since the key
 * derives from them; it is a success.
 */
export type Creation = 'created' | 'exists';

/** The store as the receiver sees it: it can create an object, and nothing else. */
export interface ArchiveWriter {
  /** Set where nothing reads a body any more once its `create` has settled: its memory may be given back then. */
  readonly releasable?: true;

  /**
   * One attempt to store an object where there is none. Resolves only when it is durable; throws
   * {@link StoreError} when that is not known. `exists` is as durable as `created`.
   */
  create(key: ObjectKey, body: Buffer, signal: AbortSignal): Promise<Creation>;
}

export interface StoredObject {
  readonly key: string;
  /** Bytes as stored, compressed. */
  readonly size: number;
}

/** The store as an operator sees it. */
export interface ArchiveReader {
  /** Keys under `prefix` greater than `after`, in byte order, over any number of pages. */
  list(prefix: string, after: string): AsyncIterable<StoredObject>;
  /** Throws {@link StoreError} with code `missing` when there is no such object. */
  read(key: string): Promise<Buffer>;
}

/** Each failure of a store, and whether trying again can help. */
export const storeFailures = {
  /** The store can't be reached, answers 5xx, or did not answer in time. */
  unavailable: { retry: true },
  /** Another write to the same key is under way (409). */
  conflict: { retry: true },
  /** It asks for fewer requests (429, SlowDown). */
  throttled: { retry: true },
  /** It refuses: permissions, an unknown bucket, a full or read-only disk. */
  refused: { retry: false },
  missing: { retry: false },
} as const;

export type StoreFailure = keyof typeof storeFailures;

export class StoreError extends Error {
  readonly code: StoreFailure;

  constructor(code: StoreFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }

  get retry(): boolean {
    return storeFailures[this.code].retry;
  }
}
