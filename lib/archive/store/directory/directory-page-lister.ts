import { type Dirent, existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { codeOf, describeError } from '../../../base/errors.ts';
import type { PageLister } from '../page-lister.ts';
import { StoreError } from '../store.ts';

/** What is in a folder. A port, so that a test can count. */
export type ReadFolder = (path: string) => Promise<readonly Dirent[]>;

/**
 * Pages of an archive in a directory, `<root>/logs/…`. Reads only the folders that a page's keys lie in and
 * those above them: of an app one day, most of the time. Throws {@link StoreError}, also when there is no root:
 * a disk that is not mounted is no empty archive.
 */
export class DirectoryPageLister implements PageLister {
  readonly #root: string;
  readonly #readFolder: ReadFolder;

  constructor(root: string, readFolder: ReadFolder = (path) => readdir(path, { withFileTypes: true })) {
    this.#root = resolve(root);
    this.#readFolder = readFolder;
  }

  async page(prefix: string, after: string, max: number, signal?: AbortSignal): Promise<readonly string[]> {
    const keys: string[] = [];
    const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    for await (const key of this.#walk(folder, prefix, after, signal)) {
      keys.push(key);
      if (keys.length === max) break;
    }
    return keys;
  }

  async *#walk(
    folder: string,
    prefix: string,
    after: string,
    signal: AbortSignal | undefined,
  ): AsyncIterable<string> {
    if (signal?.aborted) throw new StoreError('unavailable', 'gave up before listing');
    const entries = await this.#read(folder);
    const keys = entries
      .map((entry) => (entry.isDirectory() ? `${folder}${entry.name}/` : folder + entry.name))
      .filter((key) => key.startsWith(prefix) || (key.endsWith('/') && prefix.startsWith(key)))
      // A folder that sorts before `after` may hold keys behind it only where `after` lies within.
      .filter((key) => key > after || (key.endsWith('/') && after.startsWith(key)));
    for (const key of keys.sort()) {
      if (key.endsWith('/')) yield* this.#walk(key, prefix, after, signal);
      else yield key;
    }
  }

  async #read(folder: string): Promise<readonly Dirent[]> {
    try {
      return await this.#readFolder(join(this.#root, folder));
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT' && existsSync(this.#root)) return [];
      const why = cause instanceof Error ? describeError(cause) : String(cause);
      throw new StoreError('refused', `the archive's directory can't be listed: ${why}`, { cause });
    }
  }
}
