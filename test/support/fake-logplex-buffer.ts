import type { LostRange } from './fake-logplex-ledger.ts';

/** Logplex's buffer of one drain, in messages, and what is left of it after minutes without success. */
export const bufferSize = 1024;
export const shrunkBufferSize = 10;
/** What a batch aims at; one message that is larger goes out alone. */
export const batchBytes: number = 100 * 1024;

export interface Taken {
  /** The number of the first message. */
  readonly first: number;
  /** In order, without a gap: only the oldest messages of a buffer are ever lost. */
  readonly messages: readonly Buffer[];
}

/** Messages that wait to be sent: bounded, and the oldest give way. It keeps account of what it lost. */
export class DrainBuffer {
  readonly lost: LostRange[] = [];
  #messages: Buffer[] = [];
  #first = 0;
  #size = bufferSize;
  #undeclared = 0;
  #since = 0;

  get length(): number {
    return this.#messages.length;
  }

  /** Messages lost that no acknowledged notice has declared, and since when. */
  get losses(): { readonly count: number; readonly since: number } {
    return { count: this.#undeclared, since: this.#since };
  }

  push(message: Buffer, now: number): void {
    if (this.#messages.length >= this.#size) this.#discard(1, 'overflow', now);
    this.#messages.push(message);
  }

  /** As many of the oldest as make a batch. */
  take(): Taken {
    let bytes = 0;
    let count = 0;
    for (const message of this.#messages) {
      bytes += message.length + String(message.length).length + 1;
      if (count > 0 && bytes > batchBytes) break;
      count += 1;
    }
    const taken = { first: this.#first, messages: this.#messages.splice(0, count) };
    this.#first += count;
    return taken;
  }

  shrink(now: number): void {
    this.#size = shrunkBufferSize;
    this.#discard(Math.max(0, this.#messages.length - this.#size), 'shrunk', now);
  }

  grow(): void {
    this.#size = bufferSize;
  }

  /** Messages that left the buffer, or never will, and are given up. */
  lose(range: LostRange, now: number): void {
    if (range.count === 0) return;
    if (this.#undeclared === 0) this.#since = now;
    this.#undeclared += range.count;
    const last = this.lost.at(-1);
    if (last !== undefined && last.why === range.why && last.first + last.count === range.first) {
      this.lost[this.lost.length - 1] = { ...last, count: last.count + range.count };
    } else this.lost.push(range);
  }

  /** A notice that counted so many was acknowledged; what was lost since is still to be declared. */
  declared(count: number, now: number): void {
    this.#undeclared -= count;
    this.#since = now;
  }

  #discard(count: number, why: LostRange['why'], now: number): void {
    this.lose({ first: this.#first, count, why }, now);
    this.#messages.splice(0, count);
    this.#first += count;
  }
}
