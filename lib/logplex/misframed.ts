import { isLineEnd, visitFrames } from './frames.ts';
import {
  digitsEnd,
  findStarts,
  firstFrom,
  frameEnd,
  isNewline,
  type Length,
  lengthAt,
  maxLengthDigits,
  type Start,
} from './message-starts.ts';

/** Where a piece of a malformed batch lies: it begins where the piece before it ends, at first 0. */
export interface Piece {
  /** `guessed`: a message whose bounds don't follow from frames alone. `rest`: what is no message. */
  readonly kind: 'frame' | 'guessed' | 'rest';
  /** The message, between its length and the line ends behind it. Of a rest, all of it. */
  readonly start: number;
  readonly end: number;
  /** Where the next piece begins. */
  readonly next: number;
}

/** The pieces of any batch, in order: its frames, and of a malformed one what can be guessed. Never throws. */
export function piecesOf(body: Buffer): Piece[] {
  const frames: Piece[] = [];
  const { fault, end } = visitFrames(body, (start, end) =>
    frames.push({ kind: 'frame', start, end, next: end }),
  );
  if (fault !== undefined) {
    const pieces: Piece[] = [];
    visitPieces(body, (piece) => pieces.push(piece));
    return pieces;
  }
  // Line ends behind the last frame go with it.
  const last = frames.pop();
  if (last !== undefined) frames.push({ ...last, next: Math.max(end, body.length) });
  return frames;
}

/** CRLF between two frames, or an empty line. */
const maxLineEnds = 4;

/**
 * Visits the pieces of a batch that is not frames from front to back (docs/archive-format.md, *Malformed
 * batches*). Every byte is in one piece. Takes time in proportion to the body's length. Never throws.
 */
export function visitPieces(body: Buffer, visit: (piece: Piece) => void): void {
  const starts = findStarts(body);
  const astral = ([1, 2] as const).find((size) => visitCounted(body, starts, size, () => undefined));
  if (starts.length === 0) visitGoodFrames(body, visit);
  else if (astral === undefined) guessPieces(body, starts, visit);
  else visitCounted(body, starts, astral, visit);
}

function visitGoodFrames(body: Buffer, visit: (piece: Piece) => void): void {
  const { end: restStart } = visitFrames(body, (start, end) =>
    visit({ kind: 'frame', start, end, next: end }),
  );
  if (restStart === body.length) return;
  visit({ kind: 'rest', start: restStart, end: body.length, next: body.length });
}

/**
 * Visits the messages of a batch whose lengths count characters instead of bytes. `astral`: what a character
 * outside of the BMP counts, which is 2 in UTF-16. False if that doesn't make each start the beginning of a frame.
 */
function visitCounted(
  body: Buffer,
  starts: readonly Start[],
  astral: 1 | 2,
  visit: (piece: Piece) => void,
): boolean {
  for (const [index, { at }] of starts.entries()) {
    const length = lengthAt(body, at);
    if (length === undefined || (index === 0 && at > 0)) return false;
    const end = skipCharacters(body, length, astral);
    const next = starts[index + 1]?.at ?? body.length;
    if (end === -1 || end > next || withoutLineEnds(body, next, end) !== end) return false;
    visit({ kind: 'guessed', start: length.start, end, next });
  }
  return true;
}

/** Where `count` characters of UTF-8 from `start` on end; -1 where the body is too short. */
function skipCharacters(body: Buffer, { start, count }: Length, astral: 1 | 2): number {
  let left = count;
  let at = start;
  while (left > 0 && at < body.length) {
    const lead = body[at] ?? 0;
    const bytes = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    left -= bytes === 4 ? astral : 1;
    at += bytes;
  }
  return left === 0 && at <= body.length ? at : -1;
}

function guessPieces(body: Buffer, starts: readonly Start[], visit: (piece: Piece) => void): void {
  const contentEnd = withoutLineEnds(body, body.length, 0);
  /** Of the first start that is not before `at`. */
  let ahead = 0;
  let sound = true;

  /** Where the next piece begins if one that ends at `end` ends well, else -1. */
  const resumeAt = (end: number): number => {
    if (end >= contentEnd) return body.length;
    const at = skipLineEnds(body, end);
    const index = firstFrom(starts, at);
    if (starts[index]?.at === at) return at;
    const insideLength = (starts[index - 1]?.message ?? 0) > at;
    if (insideLength) return -1;
    const frame = frameEnd(body, at);
    if (frame === -1 || holdsStart(index, frame)) return -1;
    const follows = frame >= contentEnd || frameEnd(body, frame) !== -1;
    return follows || starts[firstFrom(starts, frame)]?.at === frame ? at : -1;
  };

  /** Whether a start lies before `end`, from this one on. */
  const holdsStart = (index: number, end: number): boolean => (starts[index]?.at ?? end) < end;

  const add = (piece: Piece): void => {
    visit(piece);
    if (piece.next !== piece.end) sound = false;
  };

  for (let at = 0; at < body.length; ) {
    while ((starts[ahead]?.at ?? at) < at) ahead += 1;
    const here = starts[ahead]?.at === at ? starts[ahead] : undefined;
    const declared = frameEnd(body, at);
    let next: number;
    if (here !== undefined) {
      next = declared === -1 ? -1 : resumeAt(declared);
      if (next === -1) next = guessNext(body, { starts, after: ahead, declared });
      const end = next === declared ? next : withoutLineEnds(body, next, here.message);
      add({ kind: sound && end === declared ? 'frame' : 'guessed', start: here.message, end, next });
    } else if (declared !== -1 && !holdsStart(ahead, declared)) {
      next = isLineEnd(body[declared]) ? Math.max(declared, resumeAt(declared)) : declared;
      const start = digitsEnd(body, at, maxLengthDigits) + 1;
      add({ kind: sound ? 'frame' : 'guessed', start, end: declared, next });
    } else {
      next = starts[ahead]?.at ?? body.length;
      visit({ kind: 'rest', start: at, end: next, next });
      sound = false;
    }
    at = next;
  }
}

function skipLineEnds(body: Buffer, from: number): number {
  let at = from;
  while (at - from < maxLineEnds && isLineEnd(body[at])) at += 1;
  return at;
}

/** Where the message that begins at a start ends, when its length is missing or can't be right. */
function guessNext(
  body: Buffer,
  search: {
    readonly starts: readonly Start[];
    readonly after: number;
    readonly declared: number;
  },
): number {
  const { starts, after, declared } = search;
  let next = body.length;
  for (let index = after + 1; index < starts.length; index += 1) {
    const start = starts[index];
    // Inside a message only a line's beginning counts: a text may quote a frame.
    if (start === undefined || !(start.beginsLine || (declared !== -1 && start.at >= declared))) continue;
    next = start.at;
    break;
  }
  if (declared === -1 || next < declared) return next;
  // Messages end with a newline: what follows one is no part of it.
  return isNewline(body[declared - 1]) ? declared : next;
}

function withoutLineEnds(body: Buffer, end: number, start: number): number {
  let last = end;
  while (last > start && isLineEnd(body[last - 1])) last -= 1;
  return last;
}
