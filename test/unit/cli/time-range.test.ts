import { expect, test } from 'vitest';
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
  'yesterday',
  '',
  '1y',
  '-2h',
  '2 h',
  '1795294367822',
  '2026-11-21T18:30Z',
  '2026-11-21T18:30:00',
  '2026-11-21 18:30:00Z',
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
