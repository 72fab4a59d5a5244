import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { walkMembers } from '../../../lib/archive/format/member.ts';
import { compressMembers } from '../../../lib/archive/format/uncompressed.ts';
import { seal } from '../../support/batches.ts';
import { batch, message } from '../../support/messages.ts';

const all = 65_535;
const receivedAt = Date.UTC(2026, 10, 21, 12);

/** Of the same bytes: as it comes into the archive, and as it may come into a spool. */
async function both(raw: Buffer): Promise<{ readonly compressed: Buffer; readonly plain: Buffer }> {
  const { member: compressed, key } = await seal(raw, { receivedAt });
  const { member: plain, key: plainKey } = await seal(raw, { receivedAt, uncompressedUpTo: all });
  expect(plainKey).toBe(key);
  return { compressed, plain };
}

const line = (text: string) => batch(message(text.repeat(50)));

test('a member that is not compressed is gzip all the same, and compressed it is as if it had been at once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 5_000, size: 'max' }), async (bytes) => {
      const raw = Buffer.from(bytes);
      const { compressed, plain } = await both(raw);
      expect(gunzipSync(plain).equals(raw)).toBe(true);
      expect(compressMembers(plain).equals(compressed)).toBe(true);
    }),
  );
});

test.each([
  ['nothing', Buffer.alloc(0)],
  ['as much as one holds', Buffer.alloc(all, 'x')],
  ['what can not be compressed', randomBytes(2_000)],
])('that holds for %s', async (_, raw) => {
  const { compressed, plain } = await both(raw);
  expect(gunzipSync(plain).equals(raw)).toBe(true);
  expect(plain.length).toBeGreaterThan(raw.length);
  expect(compressMembers(plain).equals(compressed)).toBe(true);
});

describe('in an object', () => {
  test('every member is compressed in its place, and those that are stay as they are', async () => {
    const batches = await Promise.all(['a', 'b', 'c', 'd'].map((text) => both(line(text))));
    const mixed = batches.map(({ compressed, plain }, index) => (index % 2 === 0 ? plain : compressed));
    const object = compressMembers(Buffer.concat(mixed));
    expect(object.equals(Buffer.concat(batches.map(({ compressed }) => compressed)))).toBe(true);
    expect([...walkMembers(object)]).toHaveLength(4);
    expect(object.length).toBeLessThan(Buffer.concat(mixed).length);
  });

  test('of compressed ones nothing is copied', async () => {
    const object = Buffer.concat(
      (await Promise.all(['a', 'b'].map((text) => both(line(text))))).map(({ compressed }) => compressed),
    );
    expect(compressMembers(object)).toBe(object);
  });
});

test('only what is small enough is left uncompressed', async () => {
  const raw = line('a');
  const lengthWith = async (uncompressedUpTo: number) =>
    (await seal(raw, { receivedAt, uncompressedUpTo })).member.length;
  const { compressed, plain } = await both(raw);
  expect(await lengthWith(raw.length)).toBe(plain.length);
  expect(await lengthWith(raw.length - 1)).toBe(compressed.length);
  expect(await lengthWith(0)).toBe(compressed.length);
});
