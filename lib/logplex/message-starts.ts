import { parseTimestamp } from './timestamp.ts';

/** `<pri>1 <time> `: how a message begins, with its length in front or at the beginning of a line. */
export interface Start {
  readonly at: number;
  readonly message: number;
  readonly beginsLine: boolean;
}

const space = 0x20;
const zero = 0x30;

/** All places where a message begins, in order. */
export function findStarts(body: Buffer): Start[] {
  const starts: Start[] = [];
  for (let at = body.indexOf(0x3c); at !== -1; at = body.indexOf(0x3c, at + 1)) {
    if (!hasTime(body, at)) continue;
    const length = lengthBefore(body, at);
    const from = length ?? at;
    const beginsLine = from === 0 || isNewline(body[from - 1]);
    if (length !== undefined || beginsLine) starts.push({ at: from, message: at, beginsLine });
  }
  return starts;
}

/** The index of the first start that is not before `at`. */
export function firstFrom(starts: readonly Start[], at: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((starts[middle]?.at ?? 0) < at) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The longest time has nine digits of fractions and an offset. */
const maxTimeBytes = 35;

/** Whether `<pri>1 <time> ` is at `at`. */
function hasTime(body: Buffer, at: number): boolean {
  const close = digitsEnd(body, at + 1, 3);
  if (close === at + 1 || body[close] !== 0x3e /* > */) return false;
  if (body[close + 1] !== 0x31 /* 1 */ || body[close + 2] !== space) return false;
  const time = close + 3;
  // Most of what gets so far has no year, and need not be decoded.
  if (digitsEnd(body, time, 4) !== time + 4) return false;
  const end = body.subarray(time, time + maxTimeBytes + 1).indexOf(space);
  return end !== -1 && parseTimestamp(body.toString('latin1', time, time + end)) !== undefined;
}

export const maxLengthDigits = 8;

export interface Length {
  readonly count: number;
  /** Where its message starts. */
  readonly start: number;
}

/** The length at `at`, whatever follows it. */
export function lengthAt(body: Buffer, at: number): Length | undefined {
  let count = 0;
  let cursor = at;
  for (; cursor - at < maxLengthDigits && isDigit(body[cursor]); cursor += 1) {
    count = count * 10 + ((body[cursor] ?? zero) - zero);
  }
  const leadingZero = cursor > at + 1 && body[at] === zero;
  if (cursor === at || leadingZero || body[cursor] !== space) return undefined;
  return { count, start: cursor + 1 };
}

/** Where the frame at `at` ends; -1 where there is none, or one that is cut. */
export function frameEnd(body: Buffer, at: number): number {
  const length = lengthAt(body, at);
  const end = length === undefined ? -1 : length.start + length.count;
  return end <= body.length ? end : -1;
}

/** Where the length that stands in front of `at` begins; undefined where there is none. */
function lengthBefore(body: Buffer, at: number): number | undefined {
  if (body[at - 1] !== space) return undefined;
  let from = at - 1;
  while (at - 1 - from <= maxLengthDigits && isDigit(body[from - 1])) from -= 1;
  const digits = at - 1 - from;
  return digits >= 1 && digits <= maxLengthDigits ? from : undefined;
}

/** The end of the digits at `at`, at most `max` of them. */
export function digitsEnd(body: Buffer, at: number, max: number): number {
  let end = at;
  while (end - at < max && isDigit(body[end])) end += 1;
  return end;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

export function isNewline(byte: number | undefined): boolean {
  return byte === 0x0a;
}
