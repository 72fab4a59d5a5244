import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  type BatchHeader,
  encodeBatchHeader,
  maxHeaderBytes,
} from '../../../lib/archive/format/batch-header.ts';
import { deflate } from '../../../lib/archive/format/deflate.ts';
import { keysFrom, objectKey, parseKey } from '../../../lib/archive/format/key.ts';
import { assembleMember, MemberError, walkMembers } from '../../../lib/archive/format/member.ts';
import { reachMs, reachOf, reachOfUuid, withoutReach } from '../../../lib/archive/format/reach.ts';
import { batchUuid, objectUuid } from '../../../lib/archive/format/uuid.ts';
import type { AppName } from '../../../lib/drains/app-name.ts';

const app = 'my-app' as AppName;
const uuid = '01234567-80ab-83de-8f01-23456789abcd';
const noon = Date.UTC(2026, 10, 21, 12);

describe('a key', () => {
  test('names app, day and instant in UTC', () => {
    const key = objectKey({ app, epochMs: Date.UTC(2026, 10, 21, 23, 59, 59, 999), uuid });
    expect(key).toBe(`logs/my-app/2026/11/21/1795305599999-${uuid}.gz`);
    expect(parseKey(key)).toEqual({ app, epochMs: 1795305599999, uuid });
  });

  test('sorts by time, across midnight too', () => {
    const keys = [noon, noon + 1, noon + 86_400_000, noon + 40 * 86_400_000].map((epochMs) =>
      objectKey({ app, epochMs, uuid }),
    );
    expect(keys.toSorted()).toEqual(keys);
    expect(keysFrom(app, noon) < (keys[0] ?? '')).toBe(true);
    expect(keysFrom(app, noon + 1) > (keys[0] ?? '')).toBe(true);
  });

  test.each([
    `logs/my-app/2026/11/22/1795305599999-${uuid}.gz`,
    `logs/My-App/2026/11/21/1795305599999-${uuid}.gz`,
    `logs/my-app/2026/11/21/1795305599999-${uuid}`,
    `logs/my-app/2026/11/21/1795305599999-${uuid.replace('-83de', '-43de')}.gz`,
    `logs/my-app/2026/11/21/1795305599999-${uuid.replace('-83de', '-89de')}.gz`,
    `logs/../2026/11/21/1795305599999-${uuid}.gz`,
    'cistern-create-only-probe',
    '',
  ])('is not %j', (text) => {
    expect(parseKey(text)).toBeUndefined();
  });
});

describe('the uuid of an object', () => {
  const one = { uuid, epochMs: noon };
  const other = { uuid: '11234567-80ab-80de-8f01-23456789abcd', epochMs: noon + 60_000 };

  test('is its one member’s', () => {
    expect(objectUuid([one])).toBe(uuid);
  });

  test('is a UUIDv8 of its members’ uuids that anybody can compute from docs/archive-format.md', () => {
    const digest = createHash('sha256').update(`${uuid},${other.uuid}`).digest();
    digest.writeUInt8(0x80 | reachOfUuid(uuid), 6);
    digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
    expect(objectUuid([one, other]).replaceAll('-', '')).toBe(digest.toString('hex', 0, 16));
    expect(parseKey(objectKey({ app, epochMs: noon, uuid: objectUuid([one, other]) }))).toBeDefined();
  });

  test.each([
    ['the first one’s', [0, 0], [3, 0], 3],
    ['a later one’s, less what its epoch is later', [0, 3_000_000], [0, 3], 2],
    ['nothing, where a later one ends behind the key', [0, 3_000_000], [0, 2], 0],
  ])('reaches back as far as %s', (_, epochs, reaches, reach) => {
    const members = epochs.map((epochMs, index) => ({ epochMs, uuid: withReach(uuid, reaches[index] ?? 0) }));
    expect(reachOfUuid(objectUuid(members))).toBe(reach);
  });

  test('is another one of other members, or of another order', () => {
    const all = [[one, other], [other, one], [one], [other], [one, one]].map((each) => objectUuid(each));
    expect(new Set(all).size).toBe(5);
  });

  test('does not exist without a member', () => {
    expect(() => objectUuid([])).toThrow('at least one member');
  });
});

describe('a reach', () => {
  const minute = 60_000;

  test.each([
    [0, 0],
    [10 * minute, 0],
    [10 * minute + 1, 1],
    [20 * minute, 1],
    [24 * 60 * minute, 8],
  ])('of %i ms is %i', (spanMs, reach) => {
    expect(reachOf(spanMs)).toBe(reach);
    expect(reachMs(reach)).toBeGreaterThanOrEqual(spanMs);
  });

  test('is told apart from the rest of a uuid', () => {
    expect(withoutReach(withReach(uuid, 7))).toBe(withoutReach(uuid));
  });
});

function withReach(text: string, reach: number): string {
  return `${text.slice(0, 15)}${reach}${text.slice(16)}`;
}

describe('the uuid of a batch', () => {
  const sha256 = createHash('sha256').update('body').digest();
  const identity = { drainToken: 'd.1', frameId: 'f1', requestId: 'r1', sha256 };

  test('is a UUIDv8 that anybody can compute from docs/archive-format.md', () => {
    const length = (count: number) => Buffer.from([0, 0, 0, count]);
    const digest = createHash('sha256')
      .update(
        Buffer.concat([length(3), Buffer.from('d.1'), length(2), Buffer.from('f1'), length(32), sha256]),
      )
      .digest('hex');
    const found = batchUuid(identity);
    expect(found).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(found.slice(0, 13)).toBe(`${digest.slice(0, 8)}-${digest.slice(8, 12)}`);
    expect(found.slice(-12)).toBe(digest.slice(20, 32));
  });

  test('takes the request id only in place of a frame id', () => {
    expect(batchUuid({ ...identity, requestId: 'r2' })).toBe(batchUuid(identity));
    expect(batchUuid({ drainToken: 'd.1', requestId: 'f1', sha256 })).toBe(batchUuid(identity));
  });

  test('keeps its parts apart', () => {
    const uuids = [
      identity,
      { ...identity, drainToken: 'd.1f', frameId: '1' },
      { ...identity, drainToken: undefined },
      { ...identity, frameId: undefined, requestId: undefined },
      { ...identity, sha256: createHash('sha256').update('bodz').digest() },
    ].map((each) => batchUuid(each));
    expect(new Set(uuids).size).toBe(uuids.length);
  });
});

async function member(raw: Buffer, headerJson = Buffer.from('{"v":1}')): Promise<Buffer> {
  return assembleMember(headerJson, raw, await deflate(raw, false));
}

describe('a member', () => {
  test.each([0, 1, 70_000, 300_000])(
    'inflates to its %i raw bytes, as gzip that every tool reads',
    async (size) => {
      const raw = Buffer.from('12 hello world\n').subarray(0, 15);
      const body = Buffer.concat(Array.from({ length: Math.ceil(size / 15) }, () => raw)).subarray(0, size);
      expect(gunzipSync(await member(body))).toEqual(body);
    },
  );

  test('says how long it is, so that members are found without inflating', async () => {
    const members = await Promise.all(['one', 'two', 'three'].map((text) => member(Buffer.from(text))));
    const object = Buffer.concat(members);
    const found = [...walkMembers(object)];
    expect(found.map(({ bytes }) => bytes)).toEqual(members);
    expect(found.map(({ headerJson }) => headerJson.toString())).toEqual(Array(3).fill('{"v":1}'));
    expect(gunzipSync(object).toString()).toBe('onetwothree');
  });

  test('may carry subfields of others', async () => {
    const plain = await member(Buffer.from('x'));
    const foreign = Buffer.from([0x41, 0x42, 1, 0, 0xff]);
    const extraLength = plain.readUInt16LE(10);
    const head = Buffer.from(plain.subarray(0, 12 + extraLength));
    head.writeUInt16LE(extraLength + foreign.length, 10);
    head.writeUInt32LE(plain.length + foreign.length, 16);
    const widened = Buffer.concat([head, foreign, plain.subarray(12 + extraLength)]);
    expect([...walkMembers(widened)]).toHaveLength(1);
    expect(gunzipSync(widened).toString()).toBe('x');
  });

  test('cut anywhere is an error that says where, after the good members before it', async () => {
    const first = await member(Buffer.from('one'));
    const object = Buffer.concat([first, await member(Buffer.from('two'))]);
    for (let end = first.length + 1; end < object.length; end += 1) {
      const found: Buffer[] = [];
      expect(() => {
        for (const { bytes } of walkMembers(object.subarray(0, end))) found.push(bytes);
      }).toThrow(MemberError);
      expect(found).toEqual([first]);
    }
  });

  test.each([
    ['zeros', Buffer.alloc(40)],
    ['gzip of others', Buffer.from('1f8b08000000000000ff4b04004319b7e801000000', 'hex')],
  ])('is not %s', (_, bytes) => {
    expect(() => [...walkMembers(bytes)]).toThrow(MemberError);
  });
});

describe('a batch header', () => {
  const header: BatchHeader = {
    v: 1,
    uuid,
    app: 'my-app',
    found: 1,
    received: '2026-11-21T12:00:00.000Z',
    bytes: 3,
    sha256: 'a'.repeat(64),
    payload: 'a'.repeat(64),
  };

  test('is compact JSON', () => {
    expect(encodeBatchHeader(header)).toEqual({
      json: Buffer.from(JSON.stringify(header)),
      truncated: false,
    });
  });

  test('cuts a long string at 256 bytes, never inside a character', () => {
    const { json, truncated } = encodeBatchHeader({ ...header, path: `/${'🚰'.repeat(100)}` });
    const read = JSON.parse(json.toString()) as BatchHeader;
    expect(truncated).toBe(true);
    expect(read.truncated).toBe(true);
    expect(read.path).toBe(`/${'🚰'.repeat(63)}`);
  });

  test('keeps a string of 256 bytes', () => {
    const path = `/${'x'.repeat(255)}`;
    expect(JSON.parse(encodeBatchHeader({ ...header, path }).json.toString())).toEqual({ ...header, path });
  });

  test('leaves fields out in a fixed order when it is still too large', () => {
    const losses = Object.fromEntries(Array.from({ length: 3000 }, (_, code) => [`L${code}`, code]));
    const { json, truncated } = encodeBatchHeader({ ...header, path: '/odd', losses });
    expect(json.length).toBeLessThanOrEqual(maxHeaderBytes);
    expect(truncated).toBe(true);
    expect(JSON.parse(json.toString())).toEqual({ ...header, path: '/odd', truncated: true });
  });

  test('stays below its limit whatever its strings hold', () => {
    const worst = '\u0001'.repeat(5000);
    const { json } = encodeBatchHeader({
      ...header,
      path: worst,
      token: worst,
      frame: worst,
      request: worst,
      malformed: worst,
      losses: Object.fromEntries(Array.from({ length: 2000 }, (_, code) => [`L${code}`, code])),
    });
    expect(json.length).toBeLessThanOrEqual(maxHeaderBytes);
  });
});
