import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeOf } from '../base/errors.ts';

/** What is in a folder. A port, so that a test can count. */
export type ReadFolder = (path: string) => Promise<readonly Dirent[]>;

export const readFolder: ReadFolder = (path) => readdir(path, { withFileTypes: true });

/**
 * Keys (paths below `root`) of files that begin with `prefix` and sort behind `after`, in byte order, as an object
 * store lists them: a folder sorts with its slash. Reads only the folders in which such keys lie and those above
 * them. A folder that is not there holds nothing; else throws what `read` throws.
 */
export async function* walkTree(
  root: string,
  prefix: string,
  after: string,
  read: ReadFolder = readFolder,
): AsyncGenerator<string> {
  yield* walkFolder(prefix.slice(0, prefix.lastIndexOf('/') + 1));

  async function* walkFolder(folder: string): AsyncGenerator<string> {
    for (const key of await keysIn(folder)) {
      if (!key.endsWith('/')) yield key;
      else yield* walkFolder(key);
    }
  }

  async function keysIn(folder: string): Promise<string[]> {
    return (
      (await entriesOf(join(root, folder), read))
        .map((entry) => (entry.isDirectory() ? `${folder}${entry.name}/` : folder + entry.name))
        .filter((key) => key.startsWith(prefix) || (key.endsWith('/') && prefix.startsWith(key)))
        // A folder that sorts before `after` may hold keys behind it only where `after` lies within.
        .filter((key) => key > after || (key.endsWith('/') && after.startsWith(key)))
        .sort()
    );
  }
}

async function entriesOf(path: string, read: ReadFolder): Promise<readonly Dirent[]> {
  try {
    return await read(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}
