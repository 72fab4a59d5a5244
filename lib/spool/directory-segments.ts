import { join } from 'node:path';
import { codeOf } from '../error-code.ts';
import { type JournalFiles, nodeJournalFiles } from './directory-files.ts';
import { segmentsIn } from './directory-spool-reader.ts';
import { FileWindow } from './directory-window.ts';
import { openSuffix, type Segment, type Segments } from './segment.ts';
import { walkSegment } from './walk-segment.ts';

/** The segments that journals write in a directory (`<data>/spool`). */
export class DirectorySegments implements Segments {
  readonly #directory: string;
  readonly #files: JournalFiles;

  constructor(directory: string, files: JournalFiles = nodeJournalFiles) {
    this.#directory = directory;
    this.#files = files;
  }

  async closed(): Promise<readonly string[]> {
    return (await segmentsIn(this.#directory)).filter(({ open }) => !open).map(({ name }) => name);
  }

  async takeOver(olderThanMs: number): Promise<void> {
    for (const { name, begunAt, open } of await segmentsIn(this.#directory)) {
      // One of the future is as old: the clock was set back.
      if (!open || Math.abs(Date.now() - begunAt) < olderThanMs) continue;
      const path = join(this.#directory, name);
      await this.#files.rename(path + openSuffix, path).catch(ignoreMissing);
    }
  }

  async open(name: string): Promise<Segment | undefined> {
    const window = await FileWindow.open(join(this.#directory, name));
    return window === undefined ? undefined : new DirectorySegment(window);
  }

  async remove(name: string): Promise<void> {
    await this.#files.unlink(join(this.#directory, name)).catch(ignoreMissing);
    await this.#files.syncDirectory(this.#directory).catch(ignoreMissing);
  }
}

const smallBytes = 64 * 1024;

class DirectorySegment implements Segment {
  readonly #window: FileWindow;

  constructor(window: FileWindow) {
    this.#window = window;
  }

  walk(): ReturnType<Segment['walk']> {
    return walkSegment(this.#window);
  }

  async read(stretches: Parameters<Segment['read']>[0]): Promise<Buffer> {
    const body = Buffer.allocUnsafeSlow(stretches.reduce((sum, { bytes }) => sum + bytes, 0));
    const window = this.#window.another();
    let filled = 0;
    for (const { offset, bytes } of stretches) {
      // Small ones mostly lie side by side: many are had with one call.
      if (bytes > smallBytes) await window.read(body.subarray(filled, filled + bytes), offset);
      else (await window.at(offset, bytes)).copy(body, filled);
      filled += bytes;
    }
    return body;
  }

  close(): Promise<void> {
    return this.#window.close();
  }
}

function ignoreMissing(error: unknown): void {
  if (codeOf(error) !== 'ENOENT') throw error;
}
