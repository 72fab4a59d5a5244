import { basename } from 'node:path';
import { type JournalFile, type JournalFiles, nodeJournalFiles } from '../../lib/spool/directory-files.ts';

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
export class RecordingJournalFiles implements JournalFiles {
  readonly begun: JournalStep[] = [];
  readonly done: JournalStep[] = [];
  /** Names of the files that each write went to. */
  readonly written: string[] = [];
  /** Bytes for which there is room. */
  room = Number.POSITIVE_INFINITY;
  readonly #gates = new Map<JournalStep, Promise<void>>();
  readonly #failures = new Map<JournalStep, Error>();

  /** Holds every such call until the returned function is called. */
  hold(step: JournalStep): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gates.set(step, promise);
    return () => {
      this.#gates.delete(step);
      resolve();
    };
  }

  /** Makes the next such call fail with this code, without effect. */
  failNext(step: JournalStep, code: string): void {
    this.#failures.set(step, Object.assign(new Error(`${code}: made to fail`), { code }));
  }

  forget(): void {
    this.begun.length = 0;
    this.done.length = 0;
  }

  mkdir(path: string, mode: number): Promise<void> {
    return this.#record('mkdir', () => nodeJournalFiles.mkdir(path, mode));
  }

  async create(path: string, mode: number): Promise<JournalFile> {
    const file = await this.#record('create', () => nodeJournalFiles.create(path, mode));
    return {
      append: (parts) =>
        this.#record('write', () => {
          this.written.push(basename(path));
          const all = Buffer.concat(parts);
          const fitting = all.subarray(0, this.room);
          this.room -= fitting.length;
          return file.append([fitting]);
        }),
      sync: () => this.#record('fsync', () => file.sync()),
      isAt: (name) => file.isAt(name),
      close: () => this.#record('close', () => file.close()),
    };
  }

  syncDirectory(path: string): Promise<void> {
    return this.#record('fsync directory', () => nodeJournalFiles.syncDirectory(path));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#record('rename', () => nodeJournalFiles.rename(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.#record('unlink', () => nodeJournalFiles.unlink(path));
  }

  async #record<T>(step: JournalStep, call: () => Promise<T>): Promise<T> {
    this.begun.push(step);
    await this.#gates.get(step);
    const failure = this.#failures.get(step);
    this.#failures.delete(step);
    if (failure !== undefined) throw failure;
    const result = await call();
    this.done.push(step);
    return result;
  }
}
