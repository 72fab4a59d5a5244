/** A stretch of time over which the clocks of a zone keep one offset from UTC. All in milliseconds. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  /** Wall time is UTC plus this. */
  readonly offset: number;
}

/** The stretches of the zone that overlap with `from` to `to`, in order, cut to it. */
export function stretchesBetween(zone: string, from: number, to: number): Stretch[] {
  const found: Stretch[] = [];
  for (let year = yearOf(from); startOfYear(year) < to; year += 1) {
    for (const stretch of stretchesOfYear(zone, year)) {
      const cut = { ...stretch, from: Math.max(stretch.from, from), to: Math.min(stretch.to, to) };
      if (cut.from < cut.to) found.push(cut);
    }
  }
  return found;
}

/** The offset that the zone's clocks have at an instant. */
export function offsetAt(zone: string, at: number): number {
  const stretch = stretchesOfYear(zone, yearOf(at)).findLast(({ from }) => from <= at);
  return stretch?.offset ?? readOffset(zone, at);
}

/** No zone changes its clocks twice within a week, there and back. */
const probeMs = 7 * 24 * 60 * 60 * 1000;

/** By zone and year: asking Intl costs microseconds, and the watch asks the same again and again. */
const known = new Map<string, readonly Stretch[]>();

function stretchesOfYear(zone: string, year: number): readonly Stretch[] {
  const key = `${zone} ${year}`;
  const stretches = known.get(key) ?? findStretches(zone, startOfYear(year), startOfYear(year + 1));
  known.set(key, stretches);
  return stretches;
}

function findStretches(zone: string, start: number, end: number): Stretch[] {
  const found: Stretch[] = [];
  let from = start;
  let offset = readOffset(zone, start);
  for (let before = start; before < end; before += probeMs) {
    const after = Math.min(before + probeMs, end);
    const next = readOffset(zone, after);
    if (next === offset) continue;
    const change = findChange(zone, offset, before, after);
    found.push({ from, to: change, offset });
    from = change;
    offset = next;
  }
  if (from < end) found.push({ from, to: end, offset });
  return found;
}

/** The first instant, to the second, at which the clocks no longer have the offset that they have at `before`. */
function findChange(zone: string, offset: number, before: number, after: number): number {
  let same = before;
  let other = after;
  while (other - same > 1000) {
    const middle = same + Math.floor((other - same) / 2000) * 1000;
    if (readOffset(zone, middle) === offset) same = middle;
    else other = middle;
  }
  return other;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function readOffset(zone: string, at: number): number {
  const format =
    formats.get(zone) ?? new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  formats.set(zone, format);
  const [, sign, hours, minutes, seconds = 0] =
    /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(format.format(at)) ?? [];
  if (sign === undefined) return 0;
  const amount = (Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
  return sign === '-' ? -amount : amount;
}

function yearOf(at: number): number {
  return new Date(at).getUTCFullYear();
}

function startOfYear(year: number): number {
  return Date.UTC(year, 0);
}
