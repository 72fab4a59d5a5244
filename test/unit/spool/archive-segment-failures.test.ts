import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { archiveSegment, type SegmentArchiver } from '../../../lib/spool/journal/archive-segment.ts';
import { DirectorySegments } from '../../../lib/spool/journal/journal-segments.ts';
import type { Segment, Segments } from '../../../lib/spool/journal/segment.ts';
import type { SpooledMember } from '../../../lib/spool/spool.ts';
import { readBack, texts } from '../../support/batches.ts';
import { segmentArchiver } from '../../support/journal.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { entryOf, spooledBatch } from '../../support/spooled.ts';

const name = '1795294367822-00000000000000aa';

let directory: string;
let store: MemoryArchive;
let logged: string[];
let one: SpooledMember;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cistern-'));
  store = new MemoryArchive();
  logged = [];
  one = await spooledBatch('one');
});
afterEach(() => rm(directory, { recursive: true }));

function archiver(changes: Partial<SegmentArchiver> = {}): SegmentArchiver {
  return { ...segmentArchiver(directory, store, logged), ...changes };
}

const left = () => readdir(directory);
const write = (bytes: Buffer) => writeFile(join(directory, name), bytes);
const archive = (changes?: Partial<SegmentArchiver>) => archiveSegment(archiver(changes), name, 10_000);

/** The segments of the directory, with something else in some places. */
function segmentsWith(
  changes: Partial<Segments>,
  ofSegment: Partial<Segment> = {},
): Partial<SegmentArchiver> {
  const segments = new DirectorySegments(directory);
  return {
    segments: {
      closed: () => segments.closed(),
      takeOver: (olderThanMs) => segments.takeOver(olderThanMs),
      remove: (segment) => segments.remove(segment),
      open: async (segment) => {
        const opened = await segments.open(segment);
        if (opened === undefined) return undefined;
        return {
          walk: () => opened.walk(),
          read: (stretches) => opened.read(stretches),
          close: () => opened.close(),
          ...ofSegment,
        };
      },
      ...changes,
    },
  };
}

const failing = () => Promise.reject(new Error('EIO'));

test.each<[string, () => Partial<SegmentArchiver>]>([
  ['an open', () => segmentsWith({ open: failing })],
  ['a walk', () => segmentsWith({}, { walk: () => ({ [Symbol.asyncIterator]: () => ({ next: failing }) }) })],
  ['a read', () => segmentsWith({}, { read: failing })],
  ['a removal', () => segmentsWith({ remove: failing })],
])('%s that fails: told, and the segment stays for the next time', async (_, changes) => {
  await write(Buffer.concat([entryOf(one), Buffer.from('foreign')]));
  expect(await archive(changes())).toMatchObject({ setAside: 0, failure: { message: 'EIO' } });
  expect(await left()).toEqual([name]);
  expect(logged, 'nothing is said to be done').toEqual([]);
  expect(await archive()).toMatchObject({ objects: 1, setAside: 1 });
});

test.each([
  ['works', () => Promise.resolve()],
  ['fails', failing],
])('a segment is closed once it was read, and is done also where that %s', async (_, ending) => {
  await write(entryOf(one));
  const opened = await new DirectorySegments(directory).open(name);
  if (opened === undefined) throw new Error('it was written');
  let closed = 0;
  const close = async () => {
    closed += 1;
    await opened.close();
    await ending();
  };
  const open = async () => ({ walk: () => opened.walk(), read: opened.read.bind(opened), close });
  expect(await archive(segmentsWith({ open }))).not.toHaveProperty('failure');
  expect(closed).toBe(1);
  expect(await left()).toEqual([]);
});

test('what can not be counted is archived all the same', async () => {
  await write(entryOf(one));
  const record = () => {
    throw new Error('no counting today');
  };
  expect(await archive({ counters: { record } })).toMatchObject({ objects: 1 });
  expect(texts(await readBack(store))).toEqual(['one']);
  expect(await left()).toEqual([]);
});

test('of a clock that was set back, nothing is younger than now', async () => {
  const future = `${Date.now() + 3_600_000}-00000000000000aa`;
  await writeFile(join(directory, future), entryOf(one));
  const ages: unknown[] = [];
  const record: SegmentArchiver['counters']['record'] = ({ counts }) => ages.push(counts['spool-age'] ?? []);
  await archiveSegment(archiver({ counters: { record } }), future, 10_000);
  expect(ages.flat()).toEqual([0]);
});

test('a store that hangs is given up when the time is over', async () => {
  await write(entryOf(one));
  store.script.push('hang');
  const { failure } = await archiveSegment(archiver(), name, 50);
  expect(failure?.message).toMatch(/^(no answer within \d\d? ms|no time is left)$/);
  expect(await left()).toEqual([name]);
});
