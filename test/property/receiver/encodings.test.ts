import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeBody } from '../../../lib/receiver/decode-body.ts';
import { maxBodyBytes } from '../../../lib/receiver/receive.ts';
import { batch, message } from '../../support/messages.ts';

const body = fc
  .array(fc.string({ unit: 'binary', maxLength: 300 }), { minLength: 1, maxLength: 30 })
  .map((texts) => batch(...texts.map((text) => message(text))));

const padding = fc
  .constantFrom('', '\0', '\0'.repeat(512), '\n', '\r\n', '\0\n')
  .map((text) => Buffer.from(text));
const gzipped = (raw: Buffer, behind: Buffer) => Buffer.concat([gzipSync(raw), behind]);
const inTwo = (raw: Buffer) => {
  const half = Math.floor(raw.length / 2);
  return Buffer.concat([gzipSync(raw.subarray(0, half)), gzipSync(raw.subarray(half))]);
};

/** What senders and proxies make of a batch, and what they then say of it. */
const wrappings: readonly (readonly [string, string | undefined, (raw: Buffer, behind: Buffer) => Buffer])[] =
  [
    ['nothing', undefined, (raw) => raw],
    ['nothing, and says so', 'identity', (raw) => raw],
    ['gzip', 'gzip', gzipped],
    ['gzip, by its old name', 'x-gzip', gzipped],
    ['gzip, in a list', 'gzip, identity', gzipped],
    ['gzip of several members', 'gzip', inTwo],
    ['gzip, twice', 'gzip, gzip', (raw, behind) => gzipped(gzipSync(raw), behind)],
    ['gzip, without a word', undefined, gzipped],
    ['gzip, and says something else', 'br', gzipped],
    ['gzip that a proxy inflated', 'gzip', (raw) => raw],
    ['deflate', 'deflate', (raw) => deflateSync(raw)],
    ['deflate without the frame of zlib', 'deflate', (raw) => deflateRawSync(raw)],
    ['deflate that a proxy inflated', 'deflate', (raw) => raw],
    ['brotli that a proxy inflated', 'br', (raw) => raw],
  ];

test.each(wrappings)('a batch is read as it was sent: %s', async (_, encoding, wrap) => {
  await fc.assert(
    fc.asyncProperty(body, padding, async (raw, behind) => {
      const wrapped = wrap(raw, behind);
      const decoded = await decodeBody(wrapped, encoding, maxBodyBytes);
      expect(decoded.raw.equals(raw)).toBe(true);
      expect(decoded).toMatchObject({ inflated: !wrapped.equals(raw) });
      expect(decoded.fault).toBeUndefined();
    }),
    { numRuns: 50 },
  );
});

test('any bytes under any encoding are kept, and never inflate beyond the cap', async () => {
  const bomb = gzipSync(Buffer.alloc(200_000));
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array)),
    fc.constantFrom(
      bomb,
      gzipSync(bomb),
      deflateSync(Buffer.alloc(200_000)),
      deflateRawSync(Buffer.alloc(200_000)),
    ),
    fc.uint8Array({ maxLength: 50 }).map((array) => gzipSync(Buffer.from(array))),
  );
  const encoding = fc.option(
    fc.oneof(fc.constantFrom('gzip', 'deflate', 'gzip, gzip', 'br', 'identity'), fc.string()),
    { nil: undefined },
  );
  await fc.assert(
    fc.asyncProperty(bytes, encoding, async (received, named) => {
      const { raw, inflated } = await decodeBody(received, named, 10_000);
      expect(inflated || raw.equals(received)).toBe(true);
      expect(raw.length).toBeLessThanOrEqual(Math.max(10_000, received.length));
    }),
    { numRuns: 500 },
  );
});

test('a file that somebody compressed and sent is kept as it came', async () => {
  const file = gzipSync('no batch at all');
  expect(await decodeBody(file, undefined, maxBodyBytes)).toEqual({ raw: file, inflated: false });
});
