import { expect, test } from 'vitest';
import { structuredDataEnd } from '../../../lib/logplex/structured-data.ts';

function read(text: string): string | undefined {
  const bytes = Buffer.from(`before ${text} behind`);
  const end = structuredDataEnd(bytes, 7, bytes.length - 7);
  return end === -1 ? undefined : bytes.toString('utf8', 7, end);
}

test.each([
  ['- hello', '-'],
  ['- [ERROR] db down', '-'],
  ['-', '-'],
  ['-\n', '-'],
  ['[a@1 k="v"] hello', '[a@1 k="v"]'],
  ['[a k="v" l=""][b m="n"] hello', '[a k="v" l=""][b m="n"]'],
  ['[a k="]\\"\\\\"] hello', '[a k="]\\"\\\\"]'],
  ['[meta sequenceId="1"]', '[meta sequenceId="1"]'],
])('STRUCTURED-DATA ends where its element does: %j', (text, data) => {
  expect(read(text)).toBe(data);
});

test.each([
  '',
  'hello',
  '-hello',
  '--',
  '[ERROR] db down',
  '[2026-12-01 09:00:37,748: INFO/ForkPoolWorker-2] Task ok',
  '[] empty',
  '["json","array"] x',
  '[YELLOW] [13-1] LOG:  statement: SELECT 1',
  '[a]',
  '[a ] x',
  '[a k] x',
  '[a k=v] x',
  '[a k="v"',
  '[a k="v',
  '[a k="v\\',
  '[a k="v"]hello',
  '[a k="v"][b] hello',
  '[a k="v"  l="w"] hello',
  `[${'a'.repeat(33)} k="v"] x`,
  '[user id="1" (admin)] x',
])('is not %j', (text) => {
  expect(read(text)).toBeUndefined();
});
