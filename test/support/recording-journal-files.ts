import { basename } from 'node:path';
import {
  type JournalFile,
  type JournalFiles,
  nodeJournalFiles,
} from '../../lib/spool/journal/journal-files.ts';
import { RecordedCalls } from './recorded-calls.ts';

export type JournalStep =
  | 'mkdir'
  | 'create'
  | 'fsync directory'
  | 'write'
  | 'fsync'
  | 'close'
  | 'rename'
  | 'unlink';

/** A real directory that records the order in which calls end, and can hold them back or make them fail. */
export class RecordingJournalFiles extends RecordedCalls<JournalStep> implements JournalFiles {
  /** Names of the files that each write went to. */
  readonly written: string[] = [];
  /** Directories in the order in which their entries became durable. */
  readonly synced: string[] = [];
  /** Bytes for which there is room. */
  room = Number.POSITIVE_INFINITY;
  /** The most calls that were ever under way at the same time. */
  mostAtOnce = 0;
  #underWay = 0;

  forget(): void {
    this.begun.length = 0;
    this.done.length = 0;
    this.synced.length = 0;
  }

  mkdir(path: string, mode: number): Promise<void> {
    return this.record('mkdir', () => nodeJournalFiles.mkdir(path, mode));
  }

  async create(path: string, mode: number): Promise<JournalFile> {
    const file = await this.record('create', () => nodeJournalFiles.create(path, mode));
    return {
      append: (parts) =>
        this.record('write', () => {
          this.written.push(basename(path));
          const all = Buffer.concat(parts);
          const fitting = all.subarray(0, this.room);
          this.room -= fitting.length;
          return file.append([fitting]);
        }),
      sync: () => this.record('fsync', () => file.sync()),
      isInPlace: () => file.isInPlace(),
      close: () => this.record('close', () => file.close()),
    };
  }

  syncDirectory(path: string): Promise<void> {
    return this.record('fsync directory', async () => {
      await nodeJournalFiles.syncDirectory(path);
      this.synced.push(path);
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.record('rename', () => nodeJournalFiles.rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.record('unlink', () => nodeJournalFiles.unlink(path));
  }

  protected override async record<T>(step: JournalStep, call: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay);
    try {
      return await super.record(step, call);
    } finally {
      this.#underWay -= 1;
    }
  }
}
