import {
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
  mkdir,
  open,
  rename,
  type Stats,
  statSync,
  unlink,
  writev,
  writevSync,
} from 'node:fs';
import { promisify } from 'node:util';

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
  /** Resolves with how many bytes were written: fewer when there was no room for all of them. */
  append(parts: readonly Uint8Array[]): Promise<number>;
  sync(): Promise<void>;
  /** Whether the path that it was made at leads to it now. */
  isInPlace(): boolean;
  close(): Promise<void>;
}

const openNumber = promisify(open);
const fsyncNumber = promisify(fsync);
const fdatasyncNumber = promisify(fdatasync);
const mkdirAt = promisify(mkdir);

/** File numbers, not Node's file handles: those cost a durable write more (docs/performance.md). */
export const nodeJournalFiles: JournalFiles = {
  async mkdir(path, mode) {
    await mkdirAt(path, { mode });
  },
  async create(path, mode) {
    const file = await openNumber(path, 'wx', mode);
    const own = fstatSync(file);
    let end = 0;
    return {
      async append(parts) {
        const written = await writeAt(file, parts, end);
        end += written;
        return written;
      },
      // It brings the file's size to the disk too, without which nothing that was added could be read.
      sync: () => fdatasyncNumber(file),
      isInPlace: () => isSame(own, path),
      close: async () => closeSync(file),
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

/** At once, from what the kernel holds in memory: the way to the thread pool would cost more. */
function isSame({ ino, dev }: Stats, path: string): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  return named?.ino === ino && named.dev === dev;
}
