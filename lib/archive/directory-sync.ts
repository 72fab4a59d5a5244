import type { DurableFileSystem } from './directory-files.ts';

interface Syncing {
  readonly current: Promise<void>;
  next?: Promise<void>;
}

/**
 * Makes the entries of a directory durable, many waiters by one fsync.
 *
 * Invariant: the fsync that a caller waits for starts after the call. One that is under way may have started
 * before the caller's entry was made, so the caller shares the next one instead.
 */
export class DirectorySync {
  readonly #files: DurableFileSystem;
  readonly #syncing = new Map<string, Syncing>();

  constructor(files: DurableFileSystem) {
    this.#files = files;
  }

  sync(directory: string): Promise<void> {
    const syncing = this.#syncing.get(directory);
    if (syncing === undefined) return this.#start(directory);
    syncing.next ??= syncing.current.then(
      () => this.#start(directory),
      () => this.#start(directory),
    );
    return syncing.next;
  }

  #start(directory: string): Promise<void> {
    const current = this.#fsync(directory).finally(() => {
      const syncing = this.#syncing.get(directory);
      if (syncing?.current === current && syncing.next === undefined) this.#syncing.delete(directory);
    });
    this.#syncing.set(directory, { current });
    return current;
  }

  async #fsync(directory: string): Promise<void> {
    const handle = await this.#files.open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
}
