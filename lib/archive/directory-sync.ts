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
 *
 * A directory whose fsync failed once stays failed for as long as the process lives: Linux may have given up on
 * the lost entries, so a later fsync that succeeds says nothing about them.
 */
export class DirectorySync {
  readonly #files: DurableFileSystem;
  readonly #syncing = new Map<string, Syncing>();
  readonly #failed = new Map<string, unknown>();

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
    if (this.#failed.has(directory)) throw this.#failed.get(directory);
    const handle = await this.#files.open(directory, 'r');
    try {
      await handle.sync();
    } catch (error) {
      this.#failed.set(directory, error);
      throw error;
    } finally {
      await handle.close();
    }
  }
}
