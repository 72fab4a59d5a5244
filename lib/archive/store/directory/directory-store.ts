import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { codeOf, isRefusedByFileSystem } from '../../../base/errors.ts';
import type { DurableFileSystem } from '../../../disk/durable-files.ts';
import { DurableTree } from '../../../disk/durable-tree.ts';
import { walkTree } from '../../../disk/walk-tree.ts';
import type { ObjectKey } from '../../format/key.ts';
import {
  type ArchiveReader,
  type ArchiveWriter,
  type Creation,
  type StoredObject,
  StoreError,
} from '../store.ts';

/** Nobody writes an archived object again, its owner included. */
const readOnlyFile = 0o400;

/** The archive as a plain directory: `<root>/logs/…`, with temporary files beside it in `<root>/tmp`. */
export class DirectoryStore implements ArchiveWriter, ArchiveReader {
  readonly releasable = true;
  readonly #root: string;
  readonly #tree: DurableTree;

  constructor(root: string, files?: DurableFileSystem) {
    this.#root = resolve(root);
    const temporary = 'tmp';
    this.#tree = new DurableTree({
      root: this.#root,
      temporary,
      mode: readOnlyFile,
      ...(files && { files }),
    });
  }

  /**
   * Makes the directories, tries them out, and removes temporary files that a killed process left. Throws
   * {@link StoreError} where nothing could be stored: read-only, full, or without hard links.
   */
  async prepare(): Promise<void> {
    try {
      await this.#tree.directories.ensure(join(this.#root, 'logs'));
      await this.#tree.directories.ensure(this.#tree.temporary);
      await this.#tree.sweep();
      await this.#tryOut();
    } catch (error) {
      throw storeError(error);
    }
  }

  async create(key: ObjectKey, body: Buffer, signal: AbortSignal): Promise<Creation> {
    if (signal.aborted) throw new StoreError('unavailable', 'gave up before writing');
    try {
      return await this.#tree.create(key, body);
    } catch (error) {
      throw storeError(error);
    }
  }

  async *list(prefix: string, after: string): AsyncIterable<StoredObject> {
    try {
      for await (const key of walkTree(this.#root, prefix, after)) {
        const found = await this.#stat(key);
        if (found !== undefined) yield { key, size: found.size };
      }
    } catch (error) {
      throw storeError(error);
    }
  }

  async read(key: string): Promise<Buffer> {
    try {
      return await readFile(join(this.#root, key));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw new StoreError('missing', `no object ${key}`, { cause: error });
      throw storeError(error);
    }
  }

  async #tryOut(): Promise<void> {
    const [temporary, logs] = await Promise.all([stat(this.#tree.temporary), stat(join(this.#root, 'logs'))]);
    if (temporary.dev !== logs.dev) {
      throw new StoreError('refused', `${this.#root}: logs and tmp must be on the same file system`);
    }
    const first = await this.#tree.writeTemporary(Buffer.from('tried out by cistern\n'));
    const second = this.#tree.temporaryPath();
    try {
      await this.#tree.link(first, second);
    } finally {
      await this.#tree.removeTemporary(first);
      await this.#tree.removeTemporary(second);
    }
  }

  /** Undefined for what somebody else has removed since it was listed. */
  async #stat(key: string): Promise<Stats | undefined> {
    try {
      return await stat(join(this.#root, key));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error) ?? 'unknown';
  const message = `the archive's directory failed: ${error instanceof Error ? error.message : code}`;
  return new StoreError(isRefusedByFileSystem(error) ? 'refused' : 'unavailable', message, { cause: error });
}
