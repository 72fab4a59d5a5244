import { dirname } from 'node:path';
import { codeOf } from '../base/errors.ts';

const privateDirectory = 0o700;

/** The calls that make a directory. A port, so that a test can record their order. */
export interface DirectoryCalls {
  mkdir(path: string, mode: number): Promise<unknown>;
  /** Makes the entries of a directory durable. */
  syncDirectory(path: string): Promise<void>;
}

/** Directories from a root down that are there, and durable in those above them. */
export class DurableDirectories {
  readonly #root: string;
  readonly #calls: DirectoryCalls;
  readonly #ensured = new Map<string, Promise<void>>();

  constructor(root: string, calls: DirectoryCalls) {
    this.#root = root;
    this.#calls = calls;
  }

  /**
   * Resolves when `directory` and every directory above it, up to the root's own entry, are durable: made sure of
   * once a process, since another one may have made them and been killed before its fsync. Above the root only
   * what is missing is made; what was there before is not ours to make durable.
   */
  ensure(directory: string): Promise<void> {
    const known = this.#ensured.get(directory);
    if (known !== undefined) return known;
    const made = this.#make(directory);
    this.#ensured.set(directory, made);
    made.catch(() => this.#ensured.delete(directory));
    return made;
  }

  /** Somebody removed a directory: make sure of each again. */
  forget(): void {
    this.#ensured.clear();
  }

  async #make(directory: string): Promise<void> {
    const parent = dirname(directory);
    if (directory.startsWith(`${this.#root}/`)) await this.ensure(parent);
    try {
      await this.#mkdir(directory);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || parent === directory) throw error;
      await this.ensure(parent);
      await this.#mkdir(directory);
    }
    await this.#calls.syncDirectory(parent);
  }

  async #mkdir(directory: string): Promise<void> {
    try {
      await this.#calls.mkdir(directory, privateDirectory);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}
