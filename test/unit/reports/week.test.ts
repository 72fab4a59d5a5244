import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseWeek, weekBefore, weekOf } from '../../../lib/reports/week.ts';

const at = (time: string) => Date.parse(time);

describe('parseWeek', () => {
  it.each([
    ['2026-W01', '2025-12-29'],
    ['2026-W47', '2026-11-16'],
    ['2026-W53', '2026-12-28'],
    ['2027-W01', '2027-01-04'],
    ['2020-W53', '2020-12-28'],
    ['2024-W01', '2024-01-01'],
    ['1970-W01', '1969-12-29'],
  ])('knows that %s begins on %s', (name, monday) => {
    const from = at(`${monday}T00:00:00Z`);

    expect(parseWeek(name)).toEqual({ name, from, to: from + 7 * 86_400_000 });
  });

  it.each(['', '2026', '2026-47', '2026-W5', '2026-w47', '2026-W047', ' 2026-W47', '26-W47', '2026-11-16'])(
    'says what a week looks like instead of %j',
    (text) => {
      expect(() => parseWeek(text)).toThrow('such as 2026-W05');
    },
  );

  it.each([
    ['2026-W00', '2026-W53'],
    ['2026-W54', '2026-W53'],
    ['2025-W53', '2025-W52'],
  ])('says which weeks there are when %s is none', (text, last) => {
    expect(() => parseWeek(text)).toThrow(last);
  });
});

describe('weekOf', () => {
  it('changes at midnight between Sunday and Monday, UTC', () => {
    expect(weekOf(at('2026-11-22T23:59:59.999Z')).name).toBe('2026-W47');
    expect(weekOf(at('2026-11-23T00:00:00Z')).name).toBe('2026-W48');
  });

  it('is what parseWeek reads, for any time', () => {
    const anyTime = fc.integer({ min: 0, max: at('2999-12-31') });
    fc.assert(
      fc.property(anyTime, (time) => {
        const week = weekOf(time);
        expect(week.from <= time && time < week.to).toBe(true);
        expect(new Date(week.from).toISOString().slice(10)).toBe('T00:00:00.000Z');
        expect(new Date(week.from).getUTCDay()).toBe(1);
        expect(parseWeek(week.name)).toEqual(week);
      }),
    );
  });
});

it('weekBefore is the week just ended', () => {
  expect(weekBefore(at('2026-11-23T08:00:00Z')).name).toBe('2026-W47');
  expect(weekBefore(at('2026-11-29T23:59:59Z')).name).toBe('2026-W47');
});
