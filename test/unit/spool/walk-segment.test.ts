import { beforeAll, describe, expect, test } from 'vitest';
import { entryMark, maxEntryMemberBytes, parseEntryHead } from '../../../lib/spool/segment-entry.ts';
import type { SpooledMember } from '../../../lib/spool/spool.ts';
import { entryOf, segmentOf, spooledBatch, uuidOf, uuids, walk } from '../../support/spooled.ts';

let one: SpooledMember;
let two: SpooledMember;
let three: SpooledMember;
let all: string[];

beforeAll(async () => {
  [one, two, three] = await Promise.all([spooledBatch('one'), spooledBatch('two'), spooledBatch('three')]);
  all = [one, two, three].map(uuidOf);
});

/** The bytes with one of them changed. */
function damaged(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 0x10, at);
  return copy;
}

test('a whole segment is its members, where they are', async () => {
  const segment = segmentOf(one, two, three);
  const parts = await walk(segment);
  expect(uuids(parts)).toEqual(all);
  const members = parts.flatMap((part) =>
    part.kind === 'member' ? [segment.subarray(part.offset, part.offset + part.bytes)] : [],
  );
  expect(members).toEqual([one.member, two.member, three.member]);
});

test('nothing is nothing', async () => {
  expect(await walk(Buffer.alloc(0))).toEqual([]);
});

test('cut anywhere, it is what was whole before, and then torn', async () => {
  const segment = segmentOf(one, two);
  const first = entryOf(one).length;
  for (let length = 1; length < segment.length; length += 1) {
    const parts = await walk(segment.subarray(0, length));
    const offset = length < first ? 0 : first;
    const torn = length === offset ? [] : [{ kind: 'torn', offset, bytes: length - offset }];
    expect(uuids(parts), `of ${length} bytes`).toEqual(length < first ? [] : [uuidOf(one)]);
    expect(
      parts.filter(({ kind }) => kind !== 'member'),
      `of ${length} bytes`,
    ).toEqual(torn);
  }
});

test('one byte damaged anywhere costs its entry, which is found whole, and no other', async () => {
  const [before, middle, after] = [entryOf(one), entryOf(two), entryOf(three)];
  const newline = middle.length - 1;
  expect(uuids(await walk(Buffer.concat([before, damaged(middle, newline), after])))).toEqual(all);
  for (let at = 0; at < newline; at += 1) {
    const parts = await walk(Buffer.concat([before, damaged(middle, at), after]));
    expect(uuids(parts), `byte ${at}`).toEqual([all[0], all[2]]);
    expect(
      parts.filter(({ kind }) => kind !== 'member'),
      `byte ${at}`,
    ).toEqual([{ kind: 'bad', offset: before.length, bytes: middle.length, why: expect.any(String) }]);
  }
});

describe('foreign bytes are one bad stretch', () => {
  const foreign = Buffer.from('not\ncistern-spool 1 at all\n');
  test.each<[string, () => Buffer[], number]>([
    ['before', () => [foreign, entryOf(one), entryOf(two), entryOf(three)], 0],
    ['between', () => [entryOf(one), foreign, entryOf(two), entryOf(three)], 1],
    ['behind', () => [entryOf(one), entryOf(two), entryOf(three), foreign], 3],
  ])('%s the entries', async (_, parts, index) => {
    const found = await walk(Buffer.concat(parts()));
    expect(uuids(found)).toEqual(all);
    expect(found[index]).toMatchObject({ kind: 'bad', bytes: foreign.length });
  });
});

test('an entry under the key of another batch is bad', async () => {
  const parts = await walk(segmentOf({ key: two.key, member: one.member }, three));
  expect(parts).toMatchObject([{ kind: 'bad', offset: 0 }, { kind: 'member' }]);
});

test('what a batch holds is never taken for entries, even when its own entry is damaged', async () => {
  const member = Buffer.concat([one.member.subarray(0, 200), entryOf(three), one.member.subarray(200)]);
  const parts = await walk(segmentOf(one, { key: three.key, member }, two));
  expect(uuids(parts)).toEqual([all[0], all[1]]);
});

test('also of the last entry', async () => {
  const member = Buffer.concat([one.member.subarray(0, 200), entryOf(three), one.member.subarray(200)]);
  const parts = await walk(segmentOf(one, { key: three.key, member }));
  expect(parts).toMatchObject([{ kind: 'member' }, { kind: 'bad' }]);
});

/** An entry whose head says another length. */
function lying(spooled: SpooledMember, bytes: number): Buffer {
  const [own, said] = [` ${spooled.member.length} `, ` ${bytes} `];
  return Buffer.from(entryOf(spooled).toString('latin1').replace(own, said), 'latin1');
}

describe('a head that lies about the length costs its entry, which is found whole, and no other', () => {
  test.each<[string, () => number]>([
    ['shorter', () => two.member.length - 1],
    ['longer', () => two.member.length + 1],
    ['into the next entry', () => two.member.length + 100],
    ['past the end', () => 1_000_000],
  ])('%s', async (_, length) => {
    const middle = lying(two, length());
    const parts = await walk(Buffer.concat([entryOf(one), middle, entryOf(three)]));
    expect(uuids(parts)).toEqual([all[0], all[2]]);
    expect(parts[1]).toMatchObject({ kind: 'bad', offset: entryOf(one).length, bytes: middle.length });
  });
});

test('an entry is found behind foreign bytes of any length, wherever the search is cut into pieces', async () => {
  const searched = 64 * 1024;
  for (let length = searched - 20; length <= searched + 20; length += 1) {
    const parts = await walk(Buffer.concat([Buffer.alloc(length, 'x'), entryOf(one)]));
    expect(uuids(parts), `behind ${length} bytes`).toEqual([all[0]]);
    expect(parts[0]).toMatchObject({ kind: 'bad', offset: 0, bytes: length });
  }
});

describe('an end that no write can have torn is bad: it may have been acknowledged', () => {
  test.each([
    ['a whole line that is no head', 'cistern-spool 1 x 1 y\n'],
    ['a head that is too long', `cistern-spool 1 ${'x'.repeat(300)}`],
    ['something else', 'cistern'.repeat(3)],
  ])('%s', async (_, end) => {
    const parts = await walk(Buffer.concat([entryOf(one), Buffer.from(end)]));
    expect(parts).toMatchObject([{ kind: 'member' }, { kind: 'bad', bytes: end.length }]);
  });
});

test('the head of the largest member is read, and that of a larger one is none', () => {
  const headOf = (bytes: number) =>
    parseEntryHead(Buffer.from(`${entryMark}${one.key} ${bytes} ${'0'.repeat(64)} 0\n`));
  expect(headOf(maxEntryMemberBytes)).toMatchObject({ key: one.key, bytes: maxEntryMemberBytes });
  expect(headOf(maxEntryMemberBytes + 1)).toBeUndefined();
});
