import { Temporal } from 'temporal-polyfill';

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
  for (let start = zoned(zone, from); start.epochMilliseconds < to; ) {
    const change = start.getTimeZoneTransition('next');
    const end = Math.min(change?.epochMilliseconds ?? to, to);
    found.push({ from: start.epochMilliseconds, to: end, offset: offsetOf(start) });
    if (change === null) break;
    start = change;
  }
  return found;
}

/** The offset that the zone's clocks have at an instant. */
export function offsetAt(zone: string, at: number): number {
  return offsetOf(zoned(zone, at));
}

function zoned(zone: string, at: number): Temporal.ZonedDateTime {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone);
}

function offsetOf({ offsetNanoseconds }: Temporal.ZonedDateTime): number {
  return offsetNanoseconds / 1e6;
}
