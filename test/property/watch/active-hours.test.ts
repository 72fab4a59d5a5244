import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ActiveHours, activeBetween, activeSince, isActive } from '../../../lib/watch/active-hours.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** What a clock on the wall shows: the slow way, without a thought for offsets. */
function wallClock(zone: string, at: number): { day: number; minute: number } {
  const format = clocks.get(zone) ?? makeClock(zone);
  clocks.set(zone, format);
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const day = days.map(String).indexOf(parts.get('weekday')?.toLowerCase() ?? '');
  return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function makeClock(timeZone: string): Intl.DateTimeFormat {
  const options = { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  return new Intl.DateTimeFormat('en-US', { ...options, timeZone });
}

function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
}

/** Whether a minute is active, by the words of the configuration. */
function modelIsActive(hours: ActiveHours, at: number): boolean {
  const { day, minute } = wallClock(hours.zone, at);
  const listed = (index: number) => hours.days.some((name) => name === days[(index + 7) % 7]);
  const from = minuteOf(hours.from);
  const to = minuteOf(hours.to);
  if (from < to) return listed(day) && minute >= from && minute < to;
  return (listed(day) && minute >= from) || (listed(day - 1) && minute < to);
}

function modelActiveMinutes(hours: ActiveHours, from: number, to: number): number {
  let minutes = 0;
  for (let at = from; at < to; at += minuteMs) if (modelIsActive(hours, at)) minutes += 1;
  return minutes;
}

/** Both changes of 2026 in each zone, the day of the change; Kathmandu has none, 45 minutes off the hour. */
const changes = [
  ['Europe/Berlin', Date.UTC(2026, 2, 29)],
  ['Europe/Berlin', Date.UTC(2026, 9, 25)],
  ['America/New_York', Date.UTC(2026, 2, 8)],
  ['America/New_York', Date.UTC(2026, 10, 1)],
  ['Australia/Lord_Howe', Date.UTC(2026, 3, 5)],
  ['Australia/Lord_Howe', Date.UTC(2026, 9, 4)],
  ['Africa/Cairo', Date.UTC(2026, 3, 24)],
  ['Africa/Cairo', Date.UTC(2026, 9, 30)],
  // Back at one minute past midnight, into the day before.
  ['America/St_Johns', Date.UTC(2010, 10, 7)],
  ['Asia/Kathmandu', Date.UTC(2026, 5, 15)],
  ['UTC', Date.UTC(2026, 11, 31)],
] as const;

const time = fc
  .integer({ min: 0, max: 24 * 60 - 1 })
  .map((minute) => new Date(minute * minuteMs).toISOString().slice(11, 16));

/** Hours and an instant within four days of a change of the clocks. */
const scene = fc
  .record({
    change: fc.constantFrom(...changes),
    days: fc.subarray([...days], { minLength: 1 }),
    from: time,
    to: fc.oneof({ weight: 4, arbitrary: time }, { weight: 1, arbitrary: fc.constant('24:00') }),
    minutesLater: fc.integer({ min: -2 * 24 * 60, max: 2 * 24 * 60 }),
  })
  .filter(({ from, to }) => from !== to)
  .map(({ change: [zone, day], minutesLater, ...rest }) => ({
    hours: { ...rest, zone },
    at: day + minutesLater * minuteMs,
  }));

describe('active hours', () => {
  it('are those that a clock on the wall shows', () => {
    fc.assert(
      fc.property(scene, fc.integer({ min: 0, max: minuteMs - 1 }), ({ hours, at }, later) => {
        expect(isActive(hours, at + later)).toBe(modelIsActive(hours, at));
      }),
      { numRuns: 3000 },
    );
  });

  it('add up, over both changes of the clocks', () => {
    fc.assert(
      fc.property(scene, fc.integer({ min: 0, max: 3 * 24 * 60 }), ({ hours, at }, minutes) => {
        const end = at + minutes * minuteMs;
        expect(activeBetween(hours, at, end)).toBe(modelActiveMinutes(hours, at, end) * minuteMs);
      }),
      { numRuns: 200 },
    );
  });

  it('lead back to the latest instant with so much active time after it', () => {
    fc.assert(
      fc.property(scene, fc.integer({ min: 1, max: 500 }), ({ hours, at }, minutes) => {
        const since = activeSince(hours, at, minutes * minuteMs);

        let back = at;
        for (let left = minutes; left > 0; ) {
          back -= minuteMs;
          if (modelIsActive(hours, back)) left -= 1;
          // Hours so rare that the slow way gives up.
          if (back < at - 30 * dayMs) return;
        }
        expect(since).toBe(back);
      }),
      { numRuns: 150 },
    );
  });

  it('agree with themselves to the millisecond, at any distance', () => {
    fc.assert(
      fc.property(
        scene,
        fc.integer({ min: 0, max: minuteMs }),
        fc.integer({ min: 1, max: 7 * dayMs }),
        ({ hours, at }, later, activeMs) => {
          const now = at + later;
          const since = activeSince(hours, now, activeMs);
          if (since === 0) {
            expect(activeBetween(hours, 0, now)).toBeLessThan(activeMs);
          } else {
            expect(activeBetween(hours, since, now)).toBe(activeMs);
            expect(activeBetween(hours, since + 1, now)).toBe(activeMs - 1);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
