import { beforeEach, expect, test } from 'vitest';
import { type ArchiveWriter, type Creation, StoreError } from '../../../lib/archive/store/store.ts';
import type { Segment, SegmentMember } from '../../../lib/spool/journal/segment.ts';
import { storeSegment } from '../../../lib/spool/journal/store-segment.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { segmentOf, spooledBatch, walk } from '../../support/spooled.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const hourMs = 60 * 60 * 1000;
const many = 20;

let bytes: Buffer;
/** Each of another hour, and so each an object. */
let members: SegmentMember[];
let largest: number;

beforeEach(async () => {
  const batches = await Promise.all(
    Array.from({ length: many }, (_, hour) => spooledBatch('x', noon + hour * hourMs)),
  );
  bytes = segmentOf(...batches);
  members = (await walk(bytes)).flatMap((part) => (part.kind === 'member' ? part : []));
  largest = Math.max(...members.map((member) => member.bytes));
});

function segment(onRead: (body: Buffer) => void = () => undefined): Segment {
  return {
    walk: async function* () {},
    read: async (stretches) => {
      const all = stretches.map(({ offset, bytes: length }) => bytes.subarray(offset, offset + length));
      const body = Buffer.allocUnsafeSlow(all.reduce((sum, each) => sum + each.length, 0));
      Buffer.concat(all).copy(body);
      onRead(body);
      return body;
    },
    close: async () => undefined,
  };
}

const store = (to: ArchiveWriter, from: Segment, maxObjectBytes: number, withinMs = 10_000) =>
  storeSegment({ store: to, maxObjectBytes }, from, members, performance.now() + withinMs);

test('a store that is away is asked for the first objects, and every other one is said not to be stored', async () => {
  const archive = new MemoryArchive();
  archive.script.push(...Array<StoreError>(1_000).fill(new StoreError('unavailable', 'away')));
  const outcomes = await store(archive, segment(), largest);
  expect(outcomes.map(({ object }) => object.members)).toEqual(members.map((member) => [member]));
  expect(outcomes.every(({ failure }) => failure !== undefined)).toBe(true);
  expect(archive.attempts).toBeLessThan(5);
});

test('no more bytes are held at once than the largest object may have', async () => {
  const archive = new MemoryArchive();
  let held = 0;
  let most = 0;
  const reading = segment((body) => {
    held += body.length;
    most = Math.max(most, held);
  });
  const create: ArchiveWriter['create'] = async (key, body, signal) => {
    await new Promise(setImmediate);
    const creation = await archive.create(key, body, signal);
    held -= body.length;
    return creation;
  };
  const outcomes = await store({ create }, reading, 2 * largest);
  expect(outcomes.every(({ failure }) => failure === undefined)).toBe(true);
  expect(archive.objects.size).toBe(many);
  expect(most).toBeLessThanOrEqual(2 * largest);
});

/** A store that keeps the bodies that it was given, and never answers for some of them. */
function keeping(releasable: boolean, hangs: (nth: number) => boolean = () => false) {
  const given: Buffer[] = [];
  const create = (_: string, body: Buffer): Promise<Creation> => {
    given.push(body);
    return hangs(given.length) ? new Promise(() => undefined) : Promise.resolve('created');
  };
  const writer: ArchiveWriter = releasable ? { create, releasable } : { create };
  return { given, writer };
}

test('the memory of what is stored is given back, if the store is done with it when it says so', async () => {
  const done = keeping(true);
  await store(done.writer, segment(), 100 * largest);
  expect(done.given.map(({ length }) => length)).toEqual(Array(many).fill(0));
  const reading = keeping(false);
  await store(reading.writer, segment(), 100 * largest);
  expect(Math.min(...reading.given.map(({ length }) => length))).toBeGreaterThan(0);
});

test('the memory of what was given up stays: the store may still be reading it', async () => {
  const { given, writer } = keeping(true, (nth) => nth === 1);
  await store(writer, segment(), 100 * largest, 200);
  expect(given[0]?.length).toBeGreaterThan(0);
});

test('an object whose bytes are not those that were checked is not stored, and the others are', async () => {
  const archive = new MemoryArchive();
  let read = 0;
  const damaging = segment((body) => {
    read += 1;
    if (read === 2) body.writeUInt8(body.readUInt8(body.length - 1) ^ 1, body.length - 1);
  });
  const outcomes = await store(archive, damaging, largest);
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  expect(failed.map(({ failure }) => String(failure))).toEqual([
    'Error: a member was read differently the second time: the segment stays, to be read again',
  ]);
  expect(archive.objects.size).toBe(many - 1);
  expect([...archive.objects.keys()]).not.toContain(failed[0]?.object.key);
});
