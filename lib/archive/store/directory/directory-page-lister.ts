import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeError } from '../../../base/errors.ts';
import { type ReadFolder, readFolder, walkTree } from '../../../disk/walk-tree.ts';
import type { PageLister } from '../page-lister.ts';
import { StoreError } from '../store.ts';

/**
 * Pages of an archive in a directory, `<root>/logs/…`. Throws {@link StoreError}, also when there is no root: a disk
 * that is not mounted is no empty archive.
 */
export class DirectoryPageLister implements PageLister {
  readonly #root: string;
  readonly #readFolder: ReadFolder;

  constructor(root: string, read: ReadFolder = readFolder) {
    this.#root = resolve(root);
    this.#readFolder = read;
  }

  async page(prefix: string, after: string, max: number, signal?: AbortSignal): Promise<readonly string[]> {
    if (!existsSync(this.#root)) throw unlistable(`there is no ${this.#root}`);
    const keys: string[] = [];
    const read: ReadFolder = (path) => {
      if (signal?.aborted) throw new StoreError('unavailable', 'gave up before listing');
      return this.#readFolder(path);
    };
    try {
      for await (const key of walkTree(this.#root, prefix, after, read)) {
        keys.push(key);
        if (keys.length === max) break;
      }
    } catch (error) {
      if (error instanceof StoreError) throw error;
      throw unlistable(error instanceof Error ? describeError(error) : String(error), error);
    }
    return keys;
  }
}

function unlistable(why: string, cause?: unknown): StoreError {
  return new StoreError('refused', `the archive's directory can't be listed: ${why}`, { cause });
}
