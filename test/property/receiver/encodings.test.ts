import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { beginsWithFrame } from '../../../lib/logplex/frames.ts';
import { decodeBody } from '../../../lib/receiver/decode-body.ts';
import { maxBodyBytes } from '../../../lib/receiver/receive.ts';
import { batch, message } from '../../support/messages.ts';

const text = fc.string({ unit: 'binary', maxLength: 300 });
const bytes = fc.uint8Array({ maxLength: 200 }).map((array) => Buffer.from(array));
/** Any messages in good frames, whether they are syslog or not. */
const body = fc
  .array(
    fc.oneof(
      text.map((each) => message(each)),
      bytes,
    ),
    { minLength: 1, maxLength: 30 },
  )
  .map((messages) => batch(...messages));

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
    ['gzip, of three', 'deflate, gzip, gzip', (raw) => gzipSync(gzipSync(deflateSync(raw)))],
    ['gzip, said twice', 'gzip, gzip', gzipped],
    ['gzip, twice and said once', 'gzip', (raw) => gzipSync(gzipSync(raw))],
    ['gzip around brotli that a proxy undid', 'br, gzip', gzipped],
    ['gzip, and says deflate', 'deflate', gzipped],
    ['deflate', 'deflate', (raw, behind) => Buffer.concat([deflateSync(raw), behind])],
    ['deflate, and says gzip', 'gzip', (raw) => deflateSync(raw)],
    ['deflate, without a word', undefined, (raw) => deflateSync(raw)],
    ['deflate without the frame of zlib, in gzip', 'deflate, gzip', (raw) => gzipSync(deflateRawSync(raw))],
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

test.each([
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['gzip, identity', gzipSync],
  ['deflate', deflateSync],
  ['gzip, gzip', (raw: Buffer) => gzipSync(gzipSync(raw))],
])('what is no batch is inflated where its header says so, and only so often: %s', async (named, wrap) => {
  const noBatch = fc.oneof(
    fc
      .constantFrom('', '{"json": true}', '<190>1 - host app web.1 - no frame\n', 'x'.repeat(5_000))
      .map(Buffer.from),
    bytes.filter((each) => !beginsWithFrame(each)),
    text.map((each) => gzipSync(each)),
    text.map((each) => gzipSync(each).subarray(0, -4)),
  );
  await fc.assert(
    fc.asyncProperty(noBatch, async (raw) => {
      expect(await decodeBody(wrap(raw), named, maxBodyBytes)).toEqual({ raw, inflated: true });
    }),
    { numRuns: 100 },
  );
});

test.each([
  ['DEFLATE that is not checked', 'deflate', Buffer.from([0x03, 0x00])],
  ['DEFLATE of no batch', 'deflate', deflateRawSync('{"json": true}')],
  [
    'too many encodings',
    'gzip, gzip, gzip, gzip',
    [1, 2, 3, 4].reduce((raw) => gzipSync(raw), Buffer.from('x')),
  ],
  ['gzip under an unknown encoding', 'br', gzipSync('{"json": true}')],
  ['a bomb in the second layer', 'gzip, gzip', gzipSync(gzipSync(Buffer.alloc(maxBodyBytes + 1)))],
  ['a bomb without a word', undefined, gzipSync(Buffer.alloc(maxBodyBytes + 1, '9 <190>1 x'))],
  ['a bomb of deflate', 'deflate', deflateRawSync(Buffer.alloc(maxBodyBytes + 1, '9 <190>1 x'))],
])('is kept as it came: %s', async (_, named, received) => {
  const decoded = await decodeBody(received, named, maxBodyBytes);
  expect(decoded).toMatchObject({ inflated: false });
  expect(decoded.raw).toBe(received);
  expect(decoded.fault === undefined).toBe(named === undefined);
});

test('any bytes under any encoding are kept, and never inflate beyond the cap', async () => {
  const bomb = gzipSync(Buffer.alloc(200_000));
  const received = fc.oneof(
    bytes,
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
    fc.asyncProperty(received, encoding, async (sent, named) => {
      const { raw, inflated } = await decodeBody(sent, named, 10_000);
      expect(inflated || raw.equals(sent)).toBe(true);
      expect(raw.length).toBeLessThanOrEqual(Math.max(10_000, sent.length));
    }),
    { numRuns: 500 },
  );
});

test('a file that somebody compressed and sent is kept as it came', async () => {
  const file = gzipSync('no batch at all');
  expect(await decodeBody(file, undefined, maxBodyBytes)).toEqual({ raw: file, inflated: false });
});
