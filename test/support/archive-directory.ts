import { join } from 'node:path';
import type { ObjectKey } from '../../lib/archive/format/key.ts';
import { DirectoryStore } from '../../lib/archive/store/directory/directory-store.ts';
import { type BatchSetup, seal } from './batches.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** A data directory of its own, with an archive that a test fills. */
export class ArchiveDirectory {
  readonly data = temporaryDirectory();
  readonly #store = new DirectoryStore(join(this.data, 'archive'));

  private constructor() {}

  static async make(): Promise<ArchiveDirectory> {
    const directory = new ArchiveDirectory();
    await directory.#store.prepare();
    return directory;
  }

  /** Stores an object; resolves with the path of its file. */
  async put(key: ObjectKey, body: Buffer): Promise<string> {
    await this.#store.create(key, body, new AbortController().signal);
    return join(this.data, 'archive', key);
  }

  /** Stores a batch as an object of its own. */
  async keep(raw: Buffer, setup?: BatchSetup): Promise<{ readonly path: string; readonly member: Buffer }> {
    const { key, member } = await seal(raw, setup);
    return { path: await this.put(key, member), member };
  }
}
