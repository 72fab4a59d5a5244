/** As many zeros are written as there are bytes already: this many at least, and at most the megabyte below. */
const leastZeros = 64 * 1024;
const zeros = Buffer.alloc(1024 * 1024);
/** To make room ahead of something that large would cost more than it saves. */
const largeBytes = 64 * 1024;

/** What an appender needs of a file. */
export interface AppendableFile {
  /** Resolves with how many bytes were written from `at` on: fewer when there was no room for all of them. */
  write(parts: readonly Uint8Array[], at: number): Promise<number>;
  truncate(bytes: number): Promise<void>;
}

/**
 * Writes one thing behind the other into a new file, and zeros ahead of them: to write over those needs no new size
 * of the file, and the fsync of that takes half the time (docs/performance.md).
 */
export class Appender {
  readonly #file: AppendableFile;
  /** Where the next thing begins. */
  #end = 0;
  /** Of the file, zeros included. */
  #size = 0;

  constructor(file: AppendableFile) {
    this.#file = file;
  }

  /** Resolves with how many bytes of `parts` were written. */
  async append(parts: readonly Uint8Array[]): Promise<number> {
    const bytes = parts.reduce((sum, part) => sum + part.length, 0);
    const fits = this.#end + bytes <= this.#size;
    const ahead = fits || bytes >= largeBytes ? [] : [zeros.subarray(0, Math.max(leastZeros, this.#size))];
    // In this order: on a full disk it is zeros that are missing.
    const written = await this.#file.write([...parts, ...ahead], this.#end);
    this.#size = Math.max(this.#size, this.#end + written);
    const own = Math.min(written, bytes);
    this.#end += own;
    return own;
  }

  /** Takes the zeros away. Those that stay, since that fails or nobody comes to do it, a reader passes over. */
  async cutZeros(): Promise<void> {
    if (this.#size > this.#end) await this.#file.truncate(this.#end).catch(() => undefined);
  }
}
