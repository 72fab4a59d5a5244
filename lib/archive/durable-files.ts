import { link, mkdir, open, unlink } from 'node:fs/promises';

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

export const nodeFileSystem: DurableFileSystem = { mkdir, open, link, unlink };
