import { describe, expect, test, vi } from 'vitest';
import { CliError } from '../../../cli/shared/errors.ts';
import { rangeOf } from '../../../cli/shared/time-range.ts';

const now = Date.parse('2026-11-21T20:00:00.000Z');
const at = (text: string) => Date.parse(text);

test.each([
  ['2026-11-21T18:30:00Z', at('2026-11-21T18:30:00Z')],
  ['2026-11-21t18:30:00.123456z', at('2026-11-21T18:30:00.123Z')],
  ['2026-11-21T18:30:00+05:30', at('2026-11-21T13:00:00Z')],
  ['2026-11-20', at('2026-11-20T00:00:00Z')],
  ['2024-02-29', at('2024-02-29T00:00:00Z')],
  ['90s', now - 90_000],
  ['15m', now - 15 * 60_000],
  ['2h', now - 2 * 3_600_000],
  ['7d', now - 7 * 86_400_000],
  ['4w', now - 28 * 86_400_000],
  ['999999999w', 0],
  ['now', now],
  ['today', at('2026-11-21T00:00:00Z')],
  ['Yesterday', at('2026-11-20T00:00:00Z')],
  ['yesterday 14:30', at('2026-11-20T14:30:00Z')],
  ['2026-11-21T18:30', at('2026-11-21T18:30:00Z')],
  ['2026-11-21 18:30:05', at('2026-11-21T18:30:05Z')],
  ['2026-11-21T18:30Z', at('2026-11-21T18:30:00Z')],
])('--since %s', (since, expected) => {
  expect(rangeOf({ since }, now)).toEqual({ since: expected });
});

test('without flags, the last hour up to whatever is stored', () => {
  expect(rangeOf({}, now)).toEqual({ since: now - 3_600_000 });
});

test('with --until alone, the hour before it', () => {
  expect(rangeOf({ until: '2026-11-20' }, now)).toEqual({
    since: at('2026-11-19T23:00:00Z'),
    until: at('2026-11-20T00:00:00Z'),
  });
});

test.each([
  '',
  'last week',
  'yesterday noon',
  '1y',
  '-2h',
  '2 h',
  '1795294367822',
  '18:30',
  '2026-11-21T18',
  '2026-11-21T18:30 Z',
  '2026-11-21T18:60',
  '2026-02-29',
  '2026-02-31T10:00:00Z',
  '2026-13-01',
  '2026-11-21T25:00:00Z',
])("'%s' is refused with its value and the forms that work", (text) => {
  for (const flags of [{ since: text }, { until: text }]) {
    expect(() => rangeOf(flags, now)).toThrow(CliError);
    expect(() => rangeOf(flags, now)).toThrow(`'${text}' is no time: give one like 2026-11-21T20:52:47Z`);
  }
});

test.each([
  ['2h', '2h'],
  ['1h', '2h'],
  ['2026-11-22', '2026-11-21'],
])('--since %s --until %s: nothing lies between', (since, until) => {
  expect(() => rangeOf({ since, until }, now)).toThrow(`--since ${since} is not before --until ${until}`);
});

describe('in a zone', () => {
  const berlin = (since: string, when = now) => rangeOf({ since, tz: 'Europe/Berlin' }, when).since;

  test.each([
    ['2026-11-21', at('2026-11-20T23:00:00Z')],
    ['2026-07-01', at('2026-06-30T22:00:00Z')],
    ['2026-07-01 14:30', at('2026-07-01T12:30:00Z')],
    ['2026-07-01T14:30:00Z', at('2026-07-01T14:30:00Z')],
    ['2026-07-01T14:30:00-03:00', at('2026-07-01T17:30:00Z')],
    ['2h', now - 2 * 3_600_000],
  ])('%s is as its clocks show it, where no offset says otherwise', (text, expected) => {
    expect(berlin(text)).toBe(expected);
  });

  test('today is the day of the zone, over the change of its clocks too', () => {
    expect(berlin('today', at('2026-11-21T23:30:00Z'))).toBe(at('2026-11-21T23:00:00Z'));
    // 25 hours long.
    expect(berlin('yesterday', at('2026-10-26T12:00:00Z'))).toBe(at('2026-10-24T22:00:00Z'));
    expect(berlin('today', at('2026-10-26T12:00:00Z'))).toBe(at('2026-10-25T23:00:00Z'));
  });

  test('a time that its clocks show twice is the first, one that they skip as if they had not changed', () => {
    expect(berlin('2026-10-25 02:30')).toBe(at('2026-10-25T00:30:00Z'));
    expect(berlin('2026-03-29 02:30')).toBe(at('2026-03-29T01:30:00Z'));
  });

  test('an offset is a zone, and so is what CISTERN_TZ names; the flag counts before it', () => {
    expect(rangeOf({ since: '2026-11-21', tz: '+05:30' }, now).since).toBe(at('2026-11-20T18:30:00Z'));
    vi.stubEnv('CISTERN_TZ', 'America/New_York');
    expect(rangeOf({ since: '2026-11-21' }, now).since).toBe(at('2026-11-21T05:00:00Z'));
    expect(rangeOf({ since: '2026-11-21', tz: 'UTC' }, now).since).toBe(at('2026-11-21T00:00:00Z'));
    vi.unstubAllEnvs();
  });

  test("local is the machine's own", () => {
    const own = new Date(2026, 10, 21).getTime();
    expect(rangeOf({ since: '2026-11-21', tz: 'local' }, now).since).toBe(own);
  });

  test.each(['Mars/Olympus', '', '+25:00'])("'%s' is refused", (tz) => {
    expect(() => rangeOf({ since: 'today', tz }, now)).toThrow(`--tz ${tz} is no time zone`);
  });
});
