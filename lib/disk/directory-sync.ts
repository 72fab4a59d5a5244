import type { DurableFile, DurableFileSystem } from './durable-files.ts';

interface OpenDirectory {
  readonly handle: Promise<DurableFile>;
  waiting: number;
}

/**
 * Makes the entries of a directory durable.
 *
 * Invariant: the fsync that a caller waits for starts after the call. Callers at the same time share an open
 * directory, but not an fsync: to wait for the one under way and then for the next costs more than it saves,
 * since the file system joins them into one commit anyway (docs/performance.md).
 *
 * A directory whose fsync failed once stays failed for as long as the process lives: Linux may have given up on
 * the lost entries, so a later fsync that succeeds says nothing about them.
 */
export class DirectorySync {
  readonly #files: Pick<DurableFileSystem, 'open'>;
  readonly #open = new Map<string, OpenDirectory>();
  readonly #failed = new Map<string, unknown>();

  constructor(files: Pick<DurableFileSystem, 'open'>) {
    this.#files = files;
  }

  async sync(directory: string): Promise<void> {
    this.#throwIfFailed(directory);
    const open = this.#join(directory);
    try {
      await this.#fsync(directory, await open.handle);
    } finally {
      await this.#leave(directory, open);
    }
  }

  async #fsync(directory: string, handle: DurableFile): Promise<void> {
    try {
      await handle.sync();
    } catch (error) {
      this.#failed.set(directory, error);
    }
    // Also another's failure: of those that share an open file, Linux tells only one.
    this.#throwIfFailed(directory);
  }

  #throwIfFailed(directory: string): void {
    if (this.#failed.has(directory)) throw this.#failed.get(directory);
  }

  #join(directory: string): OpenDirectory {
    const open = this.#open.get(directory) ?? { handle: this.#files.open(directory, 'r'), waiting: 0 };
    this.#open.set(directory, open);
    open.waiting += 1;
    return open;
  }

  async #leave(directory: string, open: OpenDirectory): Promise<void> {
    open.waiting -= 1;
    if (open.waiting > 0) return;
    this.#open.delete(directory);
    await (await open.handle).close();
  }
}
