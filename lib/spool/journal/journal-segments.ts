import { join } from 'node:path';
import { codeOf } from '../../base/errors.ts';
import { type JournalFiles, nodeJournalFiles } from './journal-files.ts';
import { segmentsIn } from './journal-spool-reader.ts';
import { FileWindow } from './read-window.ts';
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
    let length = 0;
    const placed = stretches.map(({ offset, bytes }) => {
      const to = length;
      length += bytes;
      return { offset, bytes, to };
    });
    const body = Buffer.allocUnsafeSlow(length);
    const window = this.#window.another();
    // In the order of the file: small ones lie side by side there, and many are had with one call.
    for (const { offset, bytes, to } of placed.sort((a, b) => a.offset - b.offset)) {
      if (bytes > smallBytes) await window.read(body.subarray(to, to + bytes), offset);
      else (await window.at(offset, bytes)).copy(body, to);
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
