import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { codeOf } from '../base/errors.ts';
import { DirectorySync } from './directory-sync.ts';
import { DurableDirectories } from './durable-directories.ts';
import { type DurableFileSystem, nodeFileSystem } from './durable-files.ts';

export interface TreeOptions {
  /** The directory that holds all of it. */
  readonly root: string;
  /** The folder in it for files that are still being written. */
  readonly temporary: string;
  /** Permissions of a file: `0o600`. */
  readonly mode: number;
  readonly files?: DurableFileSystem;
}

const staleTemporaryMs = 60 * 60 * 1000;

/**
 * Files below a root that are seen whole or not at all, and are durable when a write resolves.
 *
 * A write is a temporary file, its fsync, a link or rename to its place, and the fsync of the directory that holds
 * the new name. Every directory above it is made durable first.
 */
export class DurableTree {
  readonly directories: DurableDirectories;
  readonly temporary: string;
  readonly #root: string;
  readonly #mode: number;
  readonly #files: DurableFileSystem;
  readonly #sync: DirectorySync;
  /** In the names of temporary files: no two processes write the same one. */
  readonly #writer = randomBytes(12).toString('hex');
  #written = 0;

  constructor({ root, temporary, mode, files = nodeFileSystem }: TreeOptions) {
    this.#sync = new DirectorySync(files);
    this.directories = new DurableDirectories(root, {
      mkdir: (path, mode) => files.mkdir(path, mode),
      syncDirectory: (path) => this.#sync.sync(path),
    });
    this.temporary = join(root, temporary);
    this.#root = root;
    this.#mode = mode;
    this.#files = files;
  }

  /** Writes a file where there is none. `exists` leaves what is there, and makes it as durable. */
  create(key: string, body: Buffer): Promise<'created' | 'exists'> {
    const path = join(this.#root, key);
    return this.place(path, body, (temporary) => this.link(temporary, path));
  }

  /** Writes a temporary file durably, lets `name` give it its name, and makes that name durable. */
  async place<Outcome>(
    path: string,
    body: Buffer,
    name: (temporary: string) => Promise<Outcome>,
  ): Promise<Outcome> {
    try {
      return await this.#place(path, body, name);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      // Somebody removed a directory that was made earlier: make it again, once.
      this.directories.forget();
      return this.#place(path, body, name);
    }
  }

  async link(from: string, to: string): Promise<'created' | 'exists'> {
    try {
      await this.#files.link(from, to);
      return 'created';
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return 'exists';
      throw error;
    }
  }

  /** A new temporary file, its bytes on the disk. */
  async writeTemporary(body: Buffer): Promise<string> {
    const path = this.temporaryPath();
    const file = await this.#files.open(path, 'wx', this.#mode);
    try {
      await file.writeFile(body);
      await file.sync();
    } catch (error) {
      await this.removeTemporary(path);
      throw error;
    } finally {
      await file.close();
    }
    return path;
  }

  temporaryPath(): string {
    this.#written += 1;
    return join(this.temporary, `${this.#writer}-${this.#written}`);
  }

  /** Where it can't be removed, {@link sweep} removes it an hour later. */
  async removeTemporary(path: string): Promise<void> {
    await this.#files.unlink(path).catch(() => undefined);
  }

  /**
   * Removes temporary files that a killed process left over an hour ago. Never rejects: a file that can't be looked
   * at or removed costs a little room and nothing else, and the next start tries again.
   */
  async sweep(): Promise<void> {
    for (const name of await readdir(this.temporary).catch(() => [])) {
      const path = join(this.temporary, name);
      const found = await stat(path).catch(() => undefined);
      const stale = found?.isFile() === true && Date.now() - found.mtimeMs > staleTemporaryMs;
      if (stale) await this.removeTemporary(path);
    }
  }

  async #place<Outcome>(
    path: string,
    body: Buffer,
    name: (temporary: string) => Promise<Outcome>,
  ): Promise<Outcome> {
    const directory = dirname(path);
    await Promise.all([this.directories.ensure(directory), this.directories.ensure(this.temporary)]);
    const temporary = await this.writeTemporary(body);
    let outcome: Outcome;
    try {
      outcome = await name(temporary);
    } catch (error) {
      await this.removeTemporary(temporary);
      throw error;
    }
    // The temporary name goes while the directory is made durable.
    const removed = this.removeTemporary(temporary);
    // Also for a file that exists already: its first writer may not have come this far yet.
    await this.#sync.sync(directory).finally(() => removed);
    return outcome;
  }
}
