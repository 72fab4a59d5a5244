import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readdir, readFile, stat, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { codeOf, isRefusedByFileSystem } from '../../../base/errors.ts';
import { DirectorySync } from '../../../disk/directory-sync.ts';
import { type DurableFileSystem, nodeFileSystem } from '../../../disk/durable-files.ts';
import type { ObjectKey } from '../../format/key.ts';
import {
  type ArchiveReader,
  type ArchiveWriter,
  type Creation,
  type StoredObject,
  StoreError,
} from '../store.ts';

const privateDirectory = 0o700;
/** Nobody writes an archived object again, its owner included. */
const readOnlyFile = 0o400;
const staleTemporaryMs = 60 * 60 * 1000;

/**
 * The archive as a plain directory: `<root>/logs/…`, with temporary files beside it in `<root>/tmp`.
 *
 * A write is a temporary file, its fsync, an exclusive link, and the fsync of the directory that now holds the
 * link. Every directory above it was made durable first, once a process: another one may have made it and been
 * killed before its parent's fsync.
 */
export class DirectoryStore implements ArchiveWriter, ArchiveReader {
  readonly releasable = true;
  readonly #root: string;
  readonly #files: DurableFileSystem;
  readonly #sync: DirectorySync;
  readonly #durable = new Map<string, Promise<void>>();
  /** In the names of temporary files: no two processes write the same one. */
  readonly #writer = randomBytes(12).toString('hex');
  #written = 0;

  constructor(root: string, files: DurableFileSystem = nodeFileSystem) {
    this.#root = resolve(root);
    this.#files = files;
    this.#sync = new DirectorySync(files);
  }

  /**
   * Makes the directories, tries them out, and removes temporary files that a killed process left. Throws
   * {@link StoreError} where nothing could be stored: read-only, full, or without hard links.
   */
  async prepare(): Promise<void> {
    try {
      await this.#ensureDirectory(join(this.#root, 'logs'));
      await this.#ensureDirectory(this.#temporary);
      await this.#removeStaleTemporaries();
      await this.#tryOut();
    } catch (error) {
      throw storeError(error);
    }
  }

  async create(key: ObjectKey, body: Buffer, signal: AbortSignal): Promise<Creation> {
    if (signal.aborted) throw new StoreError('unavailable', 'gave up before writing');
    try {
      return await this.#write(key, body);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw storeError(error);
      // Somebody removed a directory that was made earlier: make it again, once.
      this.#durable.clear();
    }
    try {
      return await this.#write(key, body);
    } catch (error) {
      throw storeError(error);
    }
  }

  async *list(prefix: string, after: string): AsyncIterable<StoredObject> {
    yield* this.#walk(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, after);
  }

  async read(key: string): Promise<Buffer> {
    try {
      return await readFile(join(this.#root, key));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') throw new StoreError('missing', `no object ${key}`, { cause: error });
      throw storeError(error);
    }
  }

  get #temporary(): string {
    return join(this.#root, 'tmp');
  }

  #temporaryPath(): string {
    this.#written += 1;
    return join(this.#temporary, `${this.#writer}-${this.#written}.gz`);
  }

  async #write(key: ObjectKey, body: Buffer): Promise<Creation> {
    const path = join(this.#root, key);
    const directory = dirname(path);
    const temporary = this.#temporaryPath();
    await Promise.all([this.#ensureDirectory(directory), this.#ensureDirectory(this.#temporary)]);
    let creation: Creation;
    try {
      await this.#writeDurably(temporary, body);
      creation = await this.#linkExclusively(temporary, path);
    } catch (error) {
      await this.#files.unlink(temporary).catch(ignoreMissing);
      throw error;
    }
    // The temporary name goes while the directory is made durable. Where it can't, the next start removes it.
    const unlinked = this.#files.unlink(temporary).catch(() => undefined);
    // Also for what exists already: its first writer may not have come this far yet.
    await this.#sync.sync(directory).finally(() => unlinked);
    return creation;
  }

  async #writeDurably(path: string, body: Buffer): Promise<void> {
    const file = await this.#files.open(path, 'wx', readOnlyFile);
    try {
      await file.writeFile(body);
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async #linkExclusively(temporary: string, path: string): Promise<Creation> {
    try {
      await this.#files.link(temporary, path);
      return 'created';
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return 'exists';
      throw error;
    }
  }

  /** Resolves when `directory` and every directory above it, up to the root's own entry, are durable. */
  #ensureDirectory(directory: string): Promise<void> {
    const known = this.#durable.get(directory);
    if (known !== undefined) return known;
    const made = this.#makeDirectory(directory);
    this.#durable.set(directory, made);
    made.catch(() => this.#durable.delete(directory));
    return made;
  }

  async #makeDirectory(directory: string): Promise<void> {
    const parent = dirname(directory);
    if (directory.startsWith(`${this.#root}/`)) await this.#ensureDirectory(parent);
    try {
      await this.#mkdir(directory);
    } catch (error) {
      // Above the root only what is missing is made; a parent that was there before is not ours to make durable.
      if (codeOf(error) !== 'ENOENT' || parent === directory) throw error;
      await this.#ensureDirectory(parent);
      await this.#mkdir(directory);
    }
    await this.#sync.sync(parent);
  }

  async #mkdir(directory: string): Promise<void> {
    try {
      await this.#files.mkdir(directory, privateDirectory);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }

  async #tryOut(): Promise<void> {
    const [temporary, logs] = await Promise.all([stat(this.#temporary), stat(join(this.#root, 'logs'))]);
    if (temporary.dev !== logs.dev) {
      throw new StoreError('refused', `${this.#root}: logs and tmp must be on the same file system`);
    }
    const first = this.#temporaryPath();
    const second = this.#temporaryPath();
    try {
      await this.#writeDurably(first, Buffer.from('tried out by cistern\n'));
      await this.#linkExclusively(first, second);
    } finally {
      await this.#files.unlink(first).catch(ignoreMissing);
      await this.#files.unlink(second).catch(ignoreMissing);
    }
  }

  async #removeStaleTemporaries(): Promise<void> {
    for (const name of await readdir(this.#temporary)) {
      const path = join(this.#temporary, name);
      const found = await statIfThere(path);
      const stale = found?.isFile() === true && Date.now() - found.mtimeMs > staleTemporaryMs;
      if (stale) await unlink(path).catch(ignoreMissing);
    }
  }

  async *#walk(folder: string, prefix: string, after: string): AsyncIterable<StoredObject> {
    for (const name of await this.#sortedNames(folder)) {
      const key = folder + name;
      const outside = !key.startsWith(prefix) && !prefix.startsWith(key);
      if (outside) continue;
      if (name.endsWith('/')) {
        const allBefore = key < after && !after.startsWith(key);
        if (!allBefore) yield* this.#walk(key, prefix, after);
      } else if (key > after) {
        const found = await statIfThere(join(this.#root, key));
        if (found !== undefined) yield { key, size: found.size };
      }
    }
  }

  /** Names in the order of the keys they begin: a folder sorts with its slash, as in an object store. */
  async #sortedNames(folder: string): Promise<string[]> {
    try {
      const entries = await readdir(join(this.#root, folder), { withFileTypes: true });
      return entries.map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name)).sort();
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw storeError(error);
    }
  }
}

/** Undefined for what somebody else has removed since it was listed. */
async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw storeError(error);
  }
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}

function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = codeOf(error) ?? 'unknown';
  const message = `the archive's directory failed: ${error instanceof Error ? error.message : code}`;
  return new StoreError(isRefusedByFileSystem(error) ? 'refused' : 'unavailable', message, { cause: error });
}
