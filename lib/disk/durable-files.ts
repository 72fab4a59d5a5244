import { closeSync, fsync, link, mkdir, open, unlink, writeFile } from 'node:fs';
import { promisify } from 'node:util';

/** The calls whose order makes a write durable. A port, so that a test can record that order. */
export interface DurableFileSystem {
  mkdir(path: string, mode: number): Promise<unknown>;
  open(path: string, flags: string, mode?: number): Promise<DurableFile>;
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

export interface DurableFile {
  writeFile(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

const openNumber = promisify(open);
const writeNumber = promisify(writeFile);
const fsyncNumber = promisify(fsync);

/** File numbers, not Node's file handles: those cost a durable write more (docs/performance.md). */
export const nodeFileSystem: DurableFileSystem = {
  mkdir: promisify(mkdir),
  link: promisify(link),
  unlink: promisify(unlink),
  async open(path, flags, mode) {
    const file = await openNumber(path, flags, mode);
    return {
      writeFile: (bytes) => writeNumber(file, bytes),
      sync: () => fsyncNumber(file),
      // At once: what was synced leaves close nothing to wait for, and the way to the thread pool costs more.
      close: async () => closeSync(file),
    };
  },
};
