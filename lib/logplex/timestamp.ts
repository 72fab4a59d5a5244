const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):(\d\d))$/;

/** The last instant that RFC 3339 can say in UTC: an offset can name later ones, which nobody could read back. */
const lastTime = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * Milliseconds since 1970 of an RFC 3339 timestamp, finer digits cut off; undefined for any other text.
 *
 * Strict: capital T and Z, 1 to 9 digits of a fraction, a date that the calendar has, hours to 23, minutes and
 * seconds to 59 (a leap second is refused), offsets to 23:59. Nothing before 1970.
 */
export function parseTimestamp(text: string): number | undefined {
  const match = rfc3339.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as SixNumbers;
  const [, , , , , , , fraction = '', sign, offsetHour = '0', offsetMinute = '0'] = match;
  const day0 = startOfDay(year, month, day);
  if (day0 === undefined || hour > 23 || minute > 59 || second > 59) return undefined;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return undefined;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000 * (sign === '-' ? -1 : 1);
  const millis = Number(fraction.slice(0, 3).padEnd(3, '0'));
  const time = day0 + ((hour * 60 + minute) * 60 + second) * 1000 + millis - offset;
  return time >= 0 && time <= lastTime ? time : undefined;
}

type SixNumbers = [number, number, number, number, number, number];

/** Undefined for a date that the calendar does not have. */
function startOfDay(year: number, month: number, day: number): number | undefined {
  const start = new Date(0);
  start.setUTCFullYear(year, month - 1, day);
  return start.getUTCMonth() === month - 1 && start.getUTCDate() === day ? start.getTime() : undefined;
}

const space = 0x20;
/** `<191>1 ` and a version of two digits. */
const maxBeforeTime = 9;
/** An RFC 3339 timestamp of nine digits and an offset has 35 characters. */
const maxTimestamp = 36;

/** Where the time of the message at `start`..`end` begins: behind its priority and version. -1 where it has none. */
export function timeStart(body: Uint8Array, start: number, end: number): number {
  if (body[start] !== 0x3c /* < */) return -1;
  const limit = Math.min(end, start + maxBeforeTime);
  for (let at = start + 1; at < limit; at += 1) if (body[at] === space) return at + 1;
  return -1;
}

/**
 * The time of the message at `start`..`end`, milliseconds since 1970. NaN where it has none, or one that is no RFC
 * 3339 timestamp. Never throws.
 */
export function messageTime(body: Uint8Array, start: number, end: number): number {
  const at = timeStart(body, start, end);
  if (at === -1) return Number.NaN;
  const length = Math.min(end - at, maxTimestamp);
  const field = Buffer.from(body.buffer, body.byteOffset + at, length).toString('latin1');
  return parseTimestamp(field.split(' ', 1)[0] ?? '') ?? Number.NaN;
}
