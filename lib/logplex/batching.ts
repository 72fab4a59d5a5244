import { randomBytes } from 'node:crypto';

/** One batch as Logplex would post it. */
export interface OutgoingBatch {
  /** 32 hex digits, the same on every try. */
  readonly frameId: string;
  /** Frames back to back. */
  readonly body: Buffer;
  readonly messages: number;
}

export interface BatchingOptions {
  /** Messages in a batch, at most; Logplex's 1,024 by default. */
  readonly maxMessages?: number;
  /** Milliseconds since 1970, with fractions. */
  readonly now?: () => number;
}

export const maxBatchMessages = 1024;
const maxBatchBytes: number = 100 * 1024;
/** Longer lines arrive split, wherever that falls (https://devcenter.heroku.com/articles/logging). */
const maxLineBytes = 10_000;
const newline = 0x0a;

/**
 * Turns a stream of bytes into batches of logplex-1: one message a line, in constant memory. Lines are bytes,
 * never decoded. Only a line's last piece ends in a newline; a last line without one gets it.
 *
 * An empty chunk says that no more is to be had for now: whole lines read so far leave as a batch.
 */
export async function* batchesOf(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: BatchingOptions = {},
): AsyncGenerator<OutgoingBatch, void, undefined> {
  const batching = new Batching(options);
  for await (const chunk of chunks) {
    if (chunk.length === 0) batching.close();
    else batching.read(chunk);
    yield* batching.take();
  }
  batching.end();
  yield* batching.take();
}

class Batching {
  readonly #maxMessages: number;
  readonly #stamp: () => string;
  #closed: OutgoingBatch[] = [];
  #body: Buffer = Buffer.alloc(0);
  #used = 0;
  #messages = 0;
  /** The unfinished line: at most {@link maxLineBytes}. */
  #rest: Buffer = Buffer.alloc(0);

  constructor({ maxMessages = maxBatchMessages, now }: BatchingOptions) {
    this.#maxMessages = maxMessages;
    this.#stamp = timestamps(now ?? (() => performance.timeOrigin + performance.now()));
  }

  take(): OutgoingBatch[] {
    const closed = this.#closed;
    this.#closed = [];
    return closed;
  }

  read(chunk: Uint8Array): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(newline); end !== -1; end = bytes.indexOf(newline, start)) {
      start = this.#addPieces(bytes, start, end);
      this.#add(bytes, start, end + 1);
      start = end + 1;
    }
    start = this.#addPieces(bytes, start, bytes.length);
    this.#rest = Buffer.from(bytes.subarray(start));
  }

  /** All of a long line but its last piece; returns where that starts. */
  #addPieces(bytes: Buffer, from: number, end: number): number {
    let start = from;
    while (end - start > maxLineBytes) {
      this.#add(bytes, start, start + maxLineBytes);
      start += maxLineBytes;
    }
    return start;
  }

  #add(bytes: Buffer, start: number, end: number): void {
    const header = `<190>1 ${this.#stamp()} host app send.1 - `;
    const frame = `${header.length + end - start} ${header}`;
    const size = frame.length + end - start;
    if (this.#used + size > maxBatchBytes) this.close();
    if (this.#messages === 0) this.#body = Buffer.allocUnsafe(maxBatchBytes);
    this.#body.write(frame, this.#used, 'latin1');
    bytes.copy(this.#body, this.#used + frame.length, start, end);
    this.#used += size;
    this.#messages += 1;
    if (this.#messages === this.#maxMessages) this.close();
  }

  close(): void {
    if (this.#messages === 0) return;
    this.#closed.push({
      frameId: randomBytes(16).toString('hex'),
      body: this.#body.subarray(0, this.#used),
      messages: this.#messages,
    });
    this.#used = 0;
    this.#messages = 0;
  }

  end(): void {
    if (this.#rest.length > 0) this.read(Buffer.from([newline]));
    this.close();
  }
}

/** RFC 3339 in microseconds, as Logplex writes it. */
function timestamps(now: () => number): () => string {
  let cachedMs = Number.NaN;
  let cached = '';
  return () => {
    const time = now();
    const ms = Math.floor(time);
    if (ms !== cachedMs) {
      cachedMs = ms;
      cached = new Date(ms).toISOString().slice(0, -1);
    }
    const micros = Math.floor((time - ms) * 1000);
    return `${cached}${String(micros).padStart(3, '0')}+00:00`;
  };
}
