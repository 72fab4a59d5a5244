import { dirname } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import type { JournalFiles } from './journal-files.ts';

const privateDirectory = 0o700;

/**
 * A directory that is there, and durable in the one above: made sure of once a process, since whoever made it may
 * have been killed before its parent's fsync, or been told that this fsync failed.
 */
export class DurableDirectory {
  readonly #path: string;
  readonly #files: JournalFiles;
  #ensured = false;

  constructor(path: string, files: JournalFiles) {
    this.#path = path;
    this.#files = files;
  }

  async ensure(): Promise<void> {
    if (this.#ensured) return;
    await this.#make(this.#path);
    this.#ensured = true;
  }

  /** Somebody removed it. */
  lost(): void {
    this.#ensured = false;
  }

  /** Makes it, with those above it that are missing, durable from the topmost on. */
  async #make(directory: string): Promise<void> {
    const parent = dirname(directory);
    try {
      await this.#mkdir(directory);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || parent === directory) throw error;
      await this.#make(parent);
      await this.#mkdir(directory);
    }
    await this.#files.syncDirectory(parent);
  }

  async #mkdir(directory: string): Promise<void> {
    try {
      await this.#files.mkdir(directory, privateDirectory);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
  }
}
