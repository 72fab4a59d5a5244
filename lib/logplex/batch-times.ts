import { messageTime, parseTimestamp, timeStart } from './timestamp.ts';

/** How far behind its receipt the time of a message may be and still name its batch, in milliseconds. */
const maxBehindMs: number = 24 * 60 * 60 * 1000;
/** How far ahead. */
const maxAheadMs: number = 5 * 60 * 1000;

/** No message is older than its batch's epoch by more, and counts at its own time: in milliseconds. */
export const maxSpanMs: number = maxBehindMs;

/**
 * The time at which a message of a batch counts: its own, unless that is missing (NaN), over 24 h older than the
 * batch's epoch, or newer than it; then the epoch. All in milliseconds since 1970.
 */
export function countedTime(own: number, epochMs: number): number {
  return own >= epochMs - maxSpanMs && own <= epochMs ? own : epochMs;
}

/** From when to when the messages of a batch count, in milliseconds since 1970. */
export interface BatchTimes {
  /** The earliest own time at which a message counts that is no loss notice; undefined where none does. */
  readonly from: number | undefined;
  /** The latest time of a message that is no loss notice: the epoch of the batch. Undefined where receipt stands in. */
  readonly to: number | undefined;
  /** `to`, else the time of receipt. */
  readonly epochMs: number;
  /** The earliest time at which anything counts, loss notices included: at the latest the epoch. */
  readonly oldest: number;
}

/** Gathers the times of a batch's messages, one by one, of messages at offsets `start`..`end` of one body. */
export class TimeSpan {
  readonly #body: Uint8Array;
  readonly #view: DataView;
  readonly #notices: number[] = [];
  /** Where the earliest and the latest time stand. */
  #earliestAt = -1;
  #latestAt = -1;
  /** Whether a time is not of fixed width: then bytes say nothing of their order. */
  #odd = false;

  constructor(body: Uint8Array) {
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.length);
  }

  /** A loss notice is rendered anew on each try, so it can't name its batch. */
  addNotice(start: number, end: number): void {
    this.#notices.push(messageTime(this.#body, start, end));
  }

  addMessage(start: number, end: number): void {
    const at = timeStart(this.#body, start, end);
    if (at === -1 || at + fixedBytes > end || !isFixed(this.#view, at)) {
      this.#odd = true;
    } else if (this.#latestAt === -1) {
      this.#latestAt = at;
      this.#earliestAt = at;
    } else if (compare(this.#view, at, this.#latestAt) > 0) {
      this.#latestAt = at;
    } else if (compare(this.#view, at, this.#earliestAt) < 0) {
      this.#earliestAt = at;
    }
  }

  /**
   * `receivedAt`: milliseconds since 1970. `messages` has the times of all messages that have one: asked for
   * where the bytes alone do not say which times count.
   */
  end(receivedAt: number, messages: () => readonly number[]): BatchTimes {
    const isPlausible = (time: number) => time >= receivedAt - maxBehindMs && time <= receivedAt + maxAheadMs;
    const [earliest, latest] = [this.#timeAt(this.#earliestAt), this.#timeAt(this.#latestAt)];
    // What lies between the two counts if they do: only where one does not, each time has to be looked at.
    const enough = !this.#odd && isPlausible(latest) && countedTime(earliest, latest) === earliest;
    const times = enough ? [earliest, latest] : messages();
    const to = latestOf(times.filter(isPlausible));
    const epochMs = to ?? receivedAt;
    const counts = (time: number) => time === countedTime(time, epochMs);
    const from = earliestOf(times.filter(counts));
    const oldest = Math.min(from ?? epochMs, earliestOf(this.#notices.filter(counts)) ?? epochMs);
    return { from, to, epochMs, oldest };
  }

  #timeAt(at: number): number {
    if (at === -1) return Number.NaN;
    return (
      parseTimestamp(
        Buffer.from(this.#body.buffer, this.#body.byteOffset + at, fixedBytes - 1).toString('latin1'),
      ) ?? Number.NaN
    );
  }
}

/** `2026-12-01T09:00:37.748123+00:00 `: what Heroku writes. */
const fixedBytes = 33;
const plus00Colon = 0x2b30303a;
const colon00Space = 0x3a303020;

function isFixed(view: DataView, at: number): boolean {
  return view.getUint32(at + 26) === plus00Colon && view.getUint32(at + 29) === colon00Space;
}

/** Compares the bytes of two times of fixed width: in their order, where both are times. */
function compare(view: DataView, a: number, b: number): number {
  for (let i = 0; i < 24; i += 4) {
    const difference = view.getUint32(a + i) - view.getUint32(b + i);
    if (difference !== 0) return difference;
  }
  return view.getUint16(a + 24) - view.getUint16(b + 24);
}

/** Not by spreading: a batch may have more messages than a call takes arguments. */
function latestOf(times: readonly number[]): number | undefined {
  return times.reduce<number | undefined>(
    (latest, time) => (latest === undefined || time > latest ? time : latest),
    undefined,
  );
}

function earliestOf(times: readonly number[]): number | undefined {
  return times.reduce<number | undefined>(
    (earliest, time) => (earliest === undefined || time < earliest ? time : earliest),
    undefined,
  );
}
