import { describe, expect, it } from 'vitest';
import { type ActiveHours, activeBetween, activeSince, isActive } from '../../../lib/watch/active-hours.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

function hours(days: ActiveHours['days'], from: string, to: string, zone = 'Europe/Berlin'): ActiveHours {
  return { days, from, to, zone };
}

const weekdays: ActiveHours['days'] = ['mon', 'tue', 'wed', 'thu', 'fri'];

function instant(text: string): number {
  return Date.parse(text);
}

describe('isActive', () => {
  it('is always so without hours', () => {
    expect(isActive(undefined, 0)).toBe(true);
  });

  it('takes the first minute and leaves out the last', () => {
    const office = hours(weekdays, '09:00', '17:00');

    // A Friday in winter: 09:00 in Berlin is 08:00 UTC.
    expect(isActive(office, instant('2026-11-20T07:59:59.999Z'))).toBe(false);
    expect(isActive(office, instant('2026-11-20T08:00:00.000Z'))).toBe(true);
    expect(isActive(office, instant('2026-11-20T15:59:59.999Z'))).toBe(true);
    expect(isActive(office, instant('2026-11-20T16:00:00.000Z'))).toBe(false);
    expect(isActive(office, instant('2026-11-21T10:00:00.000Z'))).toBe(false);
  });

  it('gives a window over midnight to its first day', () => {
    const night = hours(['sun'], '22:00', '06:00', 'UTC');

    expect(isActive(night, instant('2026-11-22T05:00:00Z'))).toBe(false);
    expect(isActive(night, instant('2026-11-22T22:00:00Z'))).toBe(true);
    expect(isActive(night, instant('2026-11-23T05:59:00Z'))).toBe(true);
    expect(isActive(night, instant('2026-11-23T22:00:00Z'))).toBe(false);
  });
});

describe('activeBetween', () => {
  const night = hours(['sat'], '22:00', '06:00');

  it('has seven hours in the night in which the clocks go forward, nine when they go back', () => {
    const ofNight = (evening: string) =>
      activeBetween(night, instant(evening), instant(evening) + 24 * hourMs);

    expect(ofNight('2026-03-28T12:00:00Z')).toBe(7 * hourMs);
    expect(ofNight('2026-10-24T12:00:00Z')).toBe(9 * hourMs);
    expect(ofNight('2026-11-21T12:00:00Z')).toBe(8 * hourMs);
  });

  it('is nothing backwards', () => {
    expect(activeBetween(undefined, 2000, 1000)).toBe(0);
    expect(activeBetween(night, 2000, 1000)).toBe(0);
  });
});

describe('activeSince', () => {
  it('passes over the weekend', () => {
    const office = hours(weekdays, '09:00', '17:00');

    // Monday 09:10 in Berlin; ten minutes of today and five of Friday.
    const since = activeSince(office, instant('2026-11-23T08:10:00Z'), 15 * minuteMs);

    expect(since).toBe(instant('2026-11-20T15:55:00Z'));
  });

  it('ends where the hours began rather than where the last ones ended', () => {
    const office = hours(weekdays, '09:00', '17:00');

    const since = activeSince(office, instant('2026-11-23T08:15:00Z'), 15 * minuteMs);

    expect(since).toBe(instant('2026-11-23T08:00:00Z'));
  });

  it('passes over an hour that the clocks leave out', () => {
    const early = hours(['sun'], '01:30', '04:00');

    // 03:15 in Berlin, fifteen minutes after 01:59:59.
    const since = activeSince(early, instant('2026-03-29T01:15:00Z'), 30 * minuteMs);

    expect(since).toBe(instant('2026-03-29T00:45:00Z'));
  });

  it('reaches back over ten years for hours of one minute a week', () => {
    const rare = hours(['wed'], '12:00', '12:01');
    const now = instant('2026-11-18T11:01:00Z');

    expect(activeSince(rare, now, 520 * minuteMs)).toBe(instant('2016-12-07T11:00:00Z'));
  });

  it('stops in 1970', () => {
    const rare = hours(['wed'], '12:00', '12:01', 'Africa/Casablanca');

    expect(activeSince(rare, instant('2026-11-18T11:01:00Z'), 10_080 * minuteMs)).toBe(0);
    expect(activeSince(undefined, 1000, 2000)).toBe(0);
  });
});
