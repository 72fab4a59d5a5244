import { expect, it } from 'vitest';
import { count, formatBytes } from '../../../cli/shared/output.ts';

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [999_949, '999.9 kB'],
  [999_950, '1.0 MB'],
  [52_888_895, '52.9 MB'],
  [1.3e9, '1.3 GB'],
  [5e15, '5000.0 TB'],
])('writes %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it('counts one and many', () => {
  expect([count(0, 'batch'), count(1, 'batch'), count(1024, 'message')]).toEqual([
    '0 batches',
    '1 batch',
    '1,024 messages',
  ]);
});
