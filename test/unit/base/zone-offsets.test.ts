import { expect, test } from 'vitest';
import { offsetAt, stretchesBetween } from '../../../lib/base/zone-offsets.ts';

const hourMs = 3_600_000;

test('a zone that changed its clocks and changed them back within a week has both changes', () => {
  const stretches = stretchesBetween('America/Recife', Date.UTC(2000, 9, 1), Date.UTC(2000, 10, 1));

  expect(stretches).toEqual([
    { from: Date.UTC(2000, 9, 1), to: Date.UTC(2000, 9, 8, 3), offset: -3 * hourMs },
    { from: Date.UTC(2000, 9, 8, 3), to: Date.UTC(2000, 9, 15, 2), offset: -2 * hourMs },
    { from: Date.UTC(2000, 9, 15, 2), to: Date.UTC(2000, 10, 1), offset: -3 * hourMs },
  ]);
});

test('a zone that never changes its clocks has one stretch', () => {
  expect(stretchesBetween('UTC', 0, hourMs)).toEqual([{ from: 0, to: hourMs, offset: 0 }]);
  expect(stretchesBetween('Asia/Kolkata', hourMs, hourMs)).toEqual([]);
  expect(offsetAt('Asia/Kolkata', Date.UTC(2026, 0))).toBe(5.5 * hourMs);
});
