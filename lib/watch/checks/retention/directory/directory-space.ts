import { stat, statfs } from 'node:fs/promises';
import type { DirectoryReader, DirectoryState } from '../data-directory.ts';

/** A {@link DirectoryReader} on a real directory. */
export class DirectorySpace implements DirectoryReader {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  async read(): Promise<DirectoryState | { readonly failure: string }> {
    try {
      const [space, entry] = await Promise.all([statfs(this.path, { bigint: true }), stat(this.path)]);
      if (!entry.isDirectory()) return { failure: 'it is no directory' };
      return {
        freeBytes: Number(space.bavail * space.bsize),
        totalBytes: Number(space.blocks * space.bsize),
        // Windows reports rights that mean nothing.
        mode: process.platform === 'win32' ? undefined : entry.mode & 0o777,
      };
    } catch (error) {
      return { failure: error instanceof Error && 'code' in error ? String(error.code) : String(error) };
    }
  }
}
