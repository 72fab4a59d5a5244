import {
  closeSync,
  existsSync,
  fdatasync,
  fsync,
  ftruncate,
  mkdir,
  open,
  rename,
  type Stats,
  statSync,
  unlink,
  writev,
  writevSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Appender } from './appender.ts';

/** The calls whose order makes a journal durable. A port, so that a test can record that order. */
export interface JournalFiles {
  mkdir(path: string, mode: number): Promise<void>;
  /** Makes a file where there is none, to be appended to. */
  create(path: string, mode: number): Promise<JournalFile>;
  /** Makes the entries of a directory durable. */
  syncDirectory(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

export interface JournalFile {
  /**
   * Resolves with how many bytes were written: fewer when there was no room for all of them. Zeros may follow them
   * until the file is closed.
   */
  append(parts: readonly Uint8Array[]): Promise<number>;
  sync(): Promise<void>;
  /** Whether it has that name now, in the very directory that it was made in. No name is ever used twice there. */
  isAt(path: string): boolean;
  close(): Promise<void>;
}

const openNumber = promisify(open);
const fsyncNumber = promisify(fsync);
const fdatasyncNumber = promisify(fdatasync);
const truncateNumber = promisify(ftruncate);
const mkdirAt = promisify(mkdir);

/** File numbers, not Node's file handles: those cost a durable write more (docs/performance.md). */
export const nodeJournalFiles: JournalFiles = {
  async mkdir(path, mode) {
    await mkdirAt(path, { mode });
  },
  async create(path, mode) {
    const file = await openNumber(path, 'wx', mode);
    const made = statSync(dirname(path));
    const appender = new Appender({
      write: (parts, at) => writeAt(file, parts, at),
      truncate: (bytes) => truncateNumber(file, bytes),
    });
    return {
      append: (parts) => appender.append(parts),
      // It brings the file's size to the disk too, without which nothing that was added could be read.
      sync: () => fdatasyncNumber(file),
      isAt: (at) => isSame(made, dirname(at)) && existsSync(at),
      async close() {
        await appender.cutZeros();
        closeSync(file);
      },
    };
  },
  async syncDirectory(path) {
    const directory = await openNumber(path, 'r');
    try {
      await fsyncNumber(directory);
    } finally {
      closeSync(directory);
    }
  },
  rename: promisify(rename),
  unlink: promisify(unlink),
};

/** Up to this much is copied into the kernel's memory sooner than the thread pool would begin. */
const atOnceBytes = 256 * 1024;

function writeAt(file: number, parts: readonly Uint8Array[], at: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    if (bytes <= atOnceBytes) resolve(writevSync(file, parts, at));
    else writev(file, parts, at, (error, written) => (error === null ? resolve(written) : reject(error)));
  });
}

/**
 * At once, from what the kernel holds in memory: the way to the thread pool would cost more. To ask the same of the file
 * itself would cost its next fsync a write of its inode: once somebody has looked at a file's times, Linux keeps them
 * exactly (docs/performance.md).
 */
function isSame({ ino, dev }: Stats, directory: string): boolean {
  const named = statSync(directory, { throwIfNoEntry: false });
  return named?.ino === ino && named.dev === dev;
}
