import { type FileHandle, open } from 'node:fs/promises';
import { codeOf } from '../../base/errors.ts';

const leastBytes = 256 * 1024;

/** Reads a file from front to back, and holds no more of it than a stretch that is asked for. */
export class FileWindow {
  /** Of the file when it was opened. */
  readonly size: number;
  readonly #file: FileHandle;
  #memory = Buffer.alloc(0);
  #start = 0;
  #held = 0;

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  /** Undefined when there is no such file. */
  static async open(path: string): Promise<FileWindow | undefined> {
    let file: FileHandle;
    try {
      file = await open(path, 'r');
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
    try {
      return new FileWindow(file, (await file.stat()).size);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** `bytes` bytes from `offset` on, fewer only at the end of the file. They are good until the next call. */
  async at(offset: number, bytes: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(bytes, this.size - offset));
    const from = offset - this.#start;
    if (from >= 0 && from + wanted <= this.#held) return this.#memory.subarray(from, from + wanted);
    if (this.#memory.length < Math.max(wanted, leastBytes)) {
      this.#memory = Buffer.allocUnsafeSlow(Math.max(wanted, leastBytes));
    }
    this.#start = offset;
    this.#held = 0;
    const filled = Math.min(this.#memory.length, this.size - offset);
    await this.read(this.#memory.subarray(0, filled), offset);
    this.#held = filled;
    return this.#memory.subarray(0, wanted);
  }

  /** Another one on the same file, for whoever reads elsewhere at the same time. Only the first is closed. */
  another(): FileWindow {
    return new FileWindow(this.#file, this.size);
  }

  /** Fills `into` from `offset` on. Throws when the file ends before. */
  async read(into: Buffer, offset: number): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await this.#file.read(into, done, into.length - done, offset + done);
      if (bytesRead === 0) throw new Error(`it ends at byte ${offset + done}: somebody cut it`);
      done += bytesRead;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
