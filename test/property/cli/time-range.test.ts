import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rangeOf } from '../../../cli/shared/time-range.ts';

const zone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'), 'UTC', '+05:45', '-09:30');
const instant = fc.integer({ min: Date.UTC(1990, 0), max: Date.UTC(2040, 0) }).map((ms) => ms - (ms % 1000));

/** `2026-11-21 20:52:47`, as the clocks of the zone show it. */
function wall(time: number, timeZone: string): string {
  return new Date(time).toLocaleString('sv', { timeZone });
}

test('what the clocks of a zone show is read as a time at which they show it, the first of two', () => {
  fc.assert(
    fc.property(zone, instant, (tz, time) => {
      const shown = wall(time, tz);

      const { since } = rangeOf({ since: shown, tz }, 0);

      expect(wall(since, tz)).toBe(shown);
      expect(since).toBeLessThanOrEqual(time);
    }),
  );
});

test('any text is a time or refused in words', () => {
  const text = fc.oneof(
    fc.string(),
    fc.stringMatching(/^(today|\d{4}-\d\d-\d\d)[T ]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)?$/),
  );
  fc.assert(
    fc.property(text, zone, instant, (since, tz, now) => {
      try {
        expect(rangeOf({ since, tz }, now).since).toBeTypeOf('number');
      } catch (error) {
        expect(String(error)).toMatch(/is no time/);
      }
    }),
  );
});
