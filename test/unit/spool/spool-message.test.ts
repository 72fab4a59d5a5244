import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { deflate } from '../../../lib/archive/format/deflate.ts';
import { objectKey } from '../../../lib/archive/format/key.ts';
import { assembleMember } from '../../../lib/archive/format/member.ts';
import type { AppName } from '../../../lib/drains/app-name.ts';
import {
  BadMessageError,
  decodeMessage,
  encodeMessage,
  maxMessageMemberBytes,
} from '../../../lib/spool/message.ts';
import { mergeMembers, seal, testApp, testToken } from '../../support/batches.ts';
import { batch, message } from '../../support/messages.ts';

const t0 = Date.parse('2026-11-21T20:52:47.822Z');
const secret = 'topSecretContent';
const frameId = 'f'.repeat(32);
const sealed = () => seal(batch(message(secret, t0)), { token: testToken, frameId });

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const envelope = (key: string, member: Buffer, more: object = {}) =>
  JSON.stringify({ v: 1, key, sha256: sha256(member), member: member.toString('base64'), ...more });

/** Why a text is no message. */
function why(text: string): string {
  try {
    decodeMessage(text);
  } catch (error) {
    if (error instanceof BadMessageError) return error.message;
    throw error;
  }
  throw new Error('it was read');
}

describe('a message', () => {
  test('is the JSON that docs/archive-format.md has, and is read back', async () => {
    const { key, member } = await sealed();
    const text = encodeMessage({ key, member });
    expect(text).toBe(envelope(key, member));
    const read = decodeMessage(text);
    expect(read).toMatchObject({ key, parts: { app: testApp, epochMs: t0, uuid: key.slice(-39, -3) } });
    expect(read.member.equals(member)).toBe(true);
  });

  test('may have fields that a later writer adds', async () => {
    const { key, member } = await sealed();
    expect(decodeMessage(envelope(key, member, { later: true })).key).toBe(key);
  });

  test('may be written as any JSON of the same value', async () => {
    const { key, member } = await sealed();
    const text = envelope(key, member);
    const escaped = text.replace(/(?<="member":")./, (first) => `\\u00${first.charCodeAt(0).toString(16)}`);
    for (const same of [JSON.stringify(JSON.parse(text), undefined, 2), escaped, `${text} `]) {
      expect(same).not.toBe(text);
      expect(decodeMessage(same).member.equals(member)).toBe(true);
    }
  });

  test('of the largest member, under the longest key, is as large as SQS allows and no larger', () => {
    const key = objectKey({
      app: `a${'b'.repeat(29)}` as AppName,
      epochMs: 9_999_999_999_999,
      uuid: 'x'.repeat(36),
    });
    const text = encodeMessage({ key, member: Buffer.alloc(maxMessageMemberBytes) });
    const limit = 1_048_576;
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(limit);
    expect(Buffer.byteLength(text), 'hardly anything is given away').toBeGreaterThan(limit - 1_024);
  });

  test('holds a member of the size that a drain sends at most', async () => {
    // 100 KiB aimed at; 1,025 lines of 10,000 bytes at the very most, and those deflate.
    const { key, member } = await seal(randomBytes(700_000), { token: testToken, receivedAt: t0 });
    expect(member.length).toBeLessThanOrEqual(maxMessageMemberBytes);
    expect(decodeMessage(encodeMessage({ key, member })).member.equals(member)).toBe(true);
  });

  test.each([
    ['no time', Buffer.from('no header\n'), t0],
    ['a time far off', message('x', t0 - 100 * 3_600_000), t0],
    ['the time 0', message('x', 0), 1],
    [
      'a time that is in the year 10000 in UTC',
      Buffer.from('<1>1 9999-12-31T23:59:59-01:00 host app web.1 - x'),
      t0,
    ],
  ])('of a batch with %s is no bad one', async (_, first, receivedAt) => {
    const { key, member } = await seal(batch(first), { receivedAt });
    expect(decodeMessage(encodeMessage({ key, member })).key).toBe(key);
  });
});

describe('no message is', () => {
  test.each([
    ['nothing', '', 'it is not JSON'],
    ['text', secret, 'it is not JSON'],
    ['JSON cut short', `{"v":1,"key":"${secret}`, 'it is not JSON'],
    ['null', 'null', 'it is not a JSON object'],
    ['a string', `"${secret}"`, 'it is not a JSON object'],
    ['a list', `[1,"${secret}"]`, 'it is not of version 1'],
    ['another version', `{"v":2,"key":"${secret}"}`, 'it is not of version 1'],
    ['a version as text', '{"v":"1"}', 'it is not of version 1'],
    ['one without a key', '{"v":1}', 'it has no key'],
    ['one whose key is no text', '{"v":1,"key":{}}', 'it has no key'],
    ['one without a checksum', '{"v":1,"key":"k"}', 'it has no sha256'],
    ['one without a member', '{"v":1,"key":"k","sha256":"s"}', 'it has no member'],
    [
      'a member under __proto__',
      '{"v":1,"key":"k","sha256":"s","__proto__":{"member":"m"}}',
      'it has no member',
    ],
    ['a notification of S3', '{"Records":[{"eventName":"ObjectCreated:Put"}]}', 'it is not of version 1'],
  ])('%s', (_, text, expected) => {
    expect(why(text)).toBe(`no member in this message: ${expected}`);
  });

  const anyOther = { app: 'other' as AppName, epochMs: t0 + 1, uuid: 'f6af5ed1-ea9a-8792-a5e4-f26dbf0eb679' };
  test.each([
    ['another app', 'app'],
    ['another time', 'epochMs'],
    ['another uuid', 'uuid'],
  ] as const)('a good member under the key of %s', async (_, part) => {
    const { key, member } = await sealed();
    const parts = { app: testApp, epochMs: t0, uuid: key.slice(-39, -3) };
    expect(why(envelope(objectKey({ ...parts, [part]: anyOther[part] }), member))).toContain(
      "its key is not its member's",
    );
  });

  test.each(['', 'logs/', '../../etc/passwd', 'manifests/x', 'logs/my-app/2026/11/21/1.gz'])(
    'a good member under %j',
    async (key) => {
      expect(why(envelope(key, (await sealed()).member))).toContain('its key is none of this archive');
    },
  );

  test('a member that was changed, cut, or lengthened on its way', async () => {
    const { key, member } = await sealed();
    const changed = Buffer.from(member);
    changed.writeUInt8(changed.readUInt8(40) ^ 1, 40);
    for (const bytes of [
      changed,
      member.subarray(1),
      member.subarray(0, -1),
      Buffer.concat([member, member]),
    ]) {
      const text = JSON.stringify({ v: 1, key, sha256: sha256(member), member: bytes.toString('base64') });
      expect(why(text)).toContain('SHA-256');
    }
  });

  test('damaged base64', async () => {
    const { key, member } = await sealed();
    const text = envelope(key, member).replace(/"member":"..../, '"member":"!!!!');
    expect(why(text)).toContain('SHA-256');
  });

  test('two members in one', async () => {
    const { key, member } = await sealed();
    expect(why(envelope(key, Buffer.concat([member, member])))).toContain('it holds not one member');
    const other = await seal(batch(message('other', t0 + 1)), { token: testToken });
    const merged = mergeMembers([{ key, member, headerTruncated: false }, other]);
    expect(why(envelope(merged.key, merged.body))).toContain('it holds not one member');
  });

  test('what is no member, under its own checksum', async () => {
    const { key, member } = await sealed();
    expect(why(envelope(key, Buffer.alloc(0)))).toContain('it holds not one member');
    expect(why(envelope(key, Buffer.from(secret)))).toContain('not gzip');
    expect(why(envelope(key, member.subarray(0, 200)))).toContain('the object ends');
    expect(why(envelope(key, Buffer.concat([member, Buffer.from('tail of something')])))).toContain(
      'not gzip',
    );
  });

  test('a member whose header can’t be read', async () => {
    const { key } = await sealed();
    const raw = Buffer.from(secret);
    const parts = await deflate(raw, false);
    for (const json of [secret, '{}', `{"v":2,"app":"${secret}"}`, `{"v":1,"uuid":"${secret}"}`]) {
      expect(why(envelope(key, assembleMember(Buffer.from(json), raw, parts)))).toContain('batch header');
    }
  });
});

test('what is said of a bad message shows nothing of what is in it, nor does its cause', async () => {
  const { key, member } = await sealed();
  const raw = Buffer.from(secret);
  const parts = await deflate(raw, false);
  const texts = [
    secret,
    `{"v":1,"key":"${secret}`,
    `{"v":"${secret}"}`,
    envelope(`logs/${secret}/x.gz`, member),
    envelope(key, raw),
    envelope(key, assembleMember(Buffer.from(`{"v":${secret}`), raw, parts)),
    envelope(key, assembleMember(Buffer.from(`{"v":1,"uuid":"${secret}"}`), raw, parts)),
  ];
  for (const text of texts) {
    try {
      decodeMessage(text);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof BadMessageError)) throw error;
      expect(`${error.stack} ${String(error.cause)}`).not.toContain(secret);
    }
  }
});
