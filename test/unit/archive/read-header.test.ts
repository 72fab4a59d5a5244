import { expect, test } from 'vitest';
import type { BatchHeader } from '../../../lib/archive/format/batch-header.ts';
import { encodeBatchHeader } from '../../../lib/archive/format/batch-header.ts';
import { HeaderError, memberEpoch, parseBatchHeader } from '../../../lib/archive/format/read-header.ts';

const hash = 'ab'.repeat(32);
const least: BatchHeader = {
  v: 1,
  uuid: '0a6b9c3e-8f1d-807b-9c2d-3e4f5a6b7c8d',
  app: 'my-app',
  found: 2,
  received: '2026-11-21T20:52:48.000Z',
  bytes: 100,
  sha256: hash,
  payload: hash,
};
const full: BatchHeader = {
  ...least,
  path: '/My%20App',
  token: 'd.0b5ff6ad-0000-4000-8000-000000000001',
  frame: 'f'.repeat(32),
  request: 'r',
  claimed: 3,
  from: '2026-11-21T20:52:47.822Z',
  to: '2026-11-21T20:52:47.900Z',
  losses: { L10: 5 },
  malformed: 'no length',
};

const json = (value: unknown) => Buffer.from(JSON.stringify(value));

test.each([
  ['every field', full],
  ['only the fields that are always there', least],
  ['a truncated header', { ...least, truncated: true as const }],
])('reads what the writer wrote: %s', (_, header) => {
  expect(parseBatchHeader(encodeBatchHeader(header).json)).toEqual(header);
});

test('passes over fields that it does not know', () => {
  expect(parseBatchHeader(json({ ...least, added: 'later' }))).toEqual(least);
});

test.each([
  ['no JSON', Buffer.from('{'), 'not JSON'],
  ['bytes that are not UTF-8', Buffer.from([0xff, 0xfe]), 'not JSON'],
  ['no object', json([]), 'not a JSON object'],
  ['null', json(null), 'not a JSON object'],
  ['a later version', json({ ...least, v: 2, uuid: 7 }), 'version 2'],
  ['no uuid', json({ ...least, uuid: undefined }), 'uuid'],
  ['a uuid of another kind', json({ ...least, uuid: '0a6b9c3e-8f1d-4a7b-9c2d-3e4f5a6b7c8d' }), 'uuid'],
  ['a hash that is none', json({ ...least, sha256: 'abc' }), 'sha256'],
  ['a time that is none', json({ ...least, received: '2026-13-01T00:00:00.000Z' }), 'received'],
  ['a negative count', json({ ...least, found: -1 }), 'found'],
  ['a loss that is no number', json({ ...least, losses: { L10: 'many' } }), 'losses'],
])('refuses %s and says what is wrong', (_, bytes, why) => {
  expect(() => parseBatchHeader(bytes)).toThrow(HeaderError);
  expect(() => parseBatchHeader(bytes)).toThrow(why);
});

test.each([
  ['its latest message', full, '2026-11-21T20:52:47.900Z'],
  ['its receipt, without a message that has a time', least, least.received],
])('a member is ordered by %s', (_, header, time) => {
  expect(memberEpoch(header)).toBe(Date.parse(time));
});
