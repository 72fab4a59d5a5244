import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreError } from '../../../lib/archive/store/store.ts';
import type { AppName } from '../../../lib/drains/app-name.ts';
import type { Sample } from '../../../lib/metrics/counters.ts';
import { archiveSegment, type SegmentArchiver } from '../../../lib/spool/journal/archive-segment.ts';
import { DirectorySegments } from '../../../lib/spool/journal/journal-segments.ts';
import type { SpooledMember } from '../../../lib/spool/spool.ts';
import { readBack, texts } from '../../support/batches.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { entryOf, segmentOf, spooledBatch } from '../../support/spooled.ts';

const name = '1795294367822-00000000000000aa';
const noon = Date.UTC(2026, 10, 21, 12);
const hourMs = 60 * 60 * 1000;

let directory: string;
let store: MemoryArchive;
let ledger: MemoryLedger;
let counted: Record<string, number>;
let logged: string[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cistern-'));
  store = new MemoryArchive();
  ledger = new MemoryLedger();
  counted = {};
  logged = [];
});
afterEach(() => rm(directory, { recursive: true }));

function archiver(changes: Partial<SegmentArchiver> = {}): SegmentArchiver {
  const log = (level: string) => (message: string) => void logged.push(`${level} ${message}`);
  return {
    segments: new DirectorySegments(directory),
    store,
    ledger,
    counters: {
      record: ({ counts }: Sample) => {
        for (const [counter, value] of Object.entries(counts))
          counted[counter] = (counted[counter] ?? 0) + value;
      },
    },
    log: { info: log('info'), warn: log('warn'), error: log('error') },
    maxObjectBytes: 16 * 1024 * 1024,
    ...changes,
  };
}

const write = (bytes: Buffer) => writeFile(join(directory, name), bytes);
const left = () => readdir(directory);
const archive = (changes?: Partial<SegmentArchiver>) => archiveSegment(archiver(changes), name, 10_000);

/** Two of one hour, one of the next. */
function threeBatches(): Promise<[SpooledMember, SpooledMember, SpooledMember]> {
  return Promise.all([
    spooledBatch('one', noon),
    spooledBatch('two', noon + 1),
    spooledBatch('three', noon + hourMs),
  ]);
}

test('a segment becomes an object for each app and hour, each batch once, and is gone', async () => {
  const [one, two, three] = await threeBatches();
  await write(segmentOf(two, one, three, one));
  const result = await archive();
  const bytes = one.member.length + two.member.length + three.member.length;
  expect(result).toEqual({ objects: 2, members: 3, bytes, setAside: 0 });
  expect(texts(await readBack(store))).toEqual(['one', 'two', 'three']);
  expect([...store.objects.values()]).toContainEqual(Buffer.concat([one.member, two.member]));
  expect(counted).toMatchObject({
    'archived-objects': 2,
    'archived-members': 3,
    'archived-bytes': bytes,
    'spool-copies': 1,
  });
  expect(counted['spool-age']).toBeGreaterThanOrEqual(0);
  expect(logged).toEqual([]);
  expect(await left()).toEqual([]);
});

test('objects are no larger than they may be, one member at least', async () => {
  const [one, two, three] = await threeBatches();
  await write(segmentOf(one, two, three));
  await archive({ maxObjectBytes: 1 });
  expect([...store.objects.keys()].sort()).toEqual([one, two, three].map(({ key }) => key).sort());
});

test('one that is gone already is no failure', async () => {
  expect(await archive()).toEqual({ objects: 0, members: 0, bytes: 0, setAside: 0 });
});

describe('what is bad', () => {
  test('is set aside whole, counted and told, and the rest is archived', async () => {
    const [one, two, three] = await threeBatches();
    const bad = entryOf(two, entryOf(one).length);
    bad.fill(0, 200, 220);
    const before = Buffer.concat([entryOf(one), bad]);
    await write(Buffer.concat([before, entryOf(three, before.length)]));
    expect(await archive()).toMatchObject({ members: 2, setAside: 1 });
    expect(texts(await readBack(store))).toEqual(['one', 'three']);

    const key = `set-aside/2026-11-21/${name}-${entryOf(one).length}.json`;
    const kept = JSON.parse(String(ledger.objects.get(key)?.body));
    expect(kept).toMatchObject({ v: 1, encoding: 'base64', sent: new Date(1795294367822).toISOString() });
    expect(Buffer.from(kept.text, 'base64')).toEqual(bad);
    expect(counted['set-aside']).toBe(1);
    expect(logged).toEqual(['error a bad stretch of the spool was set aside']);
    expect(await left()).toEqual([]);
  });

  test('larger than what is set aside as one, it is set aside in pieces', async () => {
    const foreign = Buffer.alloc(9 * 1024 * 1024, 'x');
    await write(foreign);
    const told: unknown[] = [];
    const { log } = archiver();
    const error: typeof log.error = (_, fields) => void told.push(fields);
    expect(await archive({ log: { ...log, error } })).toMatchObject({ objects: 0, setAside: 1 });
    const key = `set-aside/2026-11-21/${name}-0.json`;
    expect(told, 'once, and where it begins').toEqual([expect.objectContaining({ key })]);
    const pieces = [...ledger.objects.values()].map(({ body }) =>
      Buffer.from(JSON.parse(String(body)).text, 'base64'),
    );
    expect(Buffer.concat(pieces).equals(foreign)).toBe(true);
  });

  test('stays when the ledger does not take it', async () => {
    const [one] = await threeBatches();
    await write(Buffer.concat([entryOf(one), Buffer.from('foreign')]));
    ledger.fault = () => 'fail';
    expect(await archive()).toMatchObject({ objects: 1, failure: { name: 'LedgerError' } });
    expect(await left()).toEqual([name]);
    expect(counted['set-aside']).toBeUndefined();
    ledger.fault = () => undefined;
    expect(await archive()).toMatchObject({ objects: 1, setAside: 1 });
    expect(store.objects.size).toBe(1);
    expect(await left()).toEqual([]);
  });

  test('a torn end was never acknowledged: it is dropped, and told', async () => {
    const [one, two] = await threeBatches();
    await write(Buffer.concat([entryOf(one), entryOf(two).subarray(0, 250)]));
    expect(await archive()).toMatchObject({ members: 1, setAside: 0 });
    expect(ledger.objects.size).toBe(0);
    expect(logged).toEqual([expect.stringMatching(/^warn .* never acknowledged$/)]);
    expect(await left()).toEqual([]);
  });
});

describe('a bad stretch', () => {
  const zeros = Buffer.alloc(10_000);

  test('before the last group was acknowledged: it is damage', async () => {
    const [one, two, three] = await threeBatches();
    const segment = segmentOf(one, two, three);
    await write(segment.fill(0, 20, 200));
    expect(await archive()).toMatchObject({ members: 2, setAside: 1 });
    expect(counted).toMatchObject({ 'set-aside': 1 });
    expect(counted['set-aside-doubtful']).toBeUndefined();
  });

  test.each([
    ['its end', (group: Buffer) => Buffer.concat([group.subarray(0, 250), zeros])],
    ['its beginning', (group: Buffer) => Buffer.from(group).fill(0, 0, 100)],
  ])('in the last group may be a power cut: %s', async (_, spoil) => {
    const [one, two, three] = await threeBatches();
    const first = entryOf(one);
    const group = [two, three].map((each) => entryOf(each, first.length));
    await write(Buffer.concat([first, spoil(Buffer.concat(group))]));
    expect(await archive()).toMatchObject({ setAside: 1 });
    expect(counted).toMatchObject({ 'set-aside-doubtful': 1 });
    expect(counted['set-aside']).toBeUndefined();
    expect(ledger.objects.size, 'kept all the same').toBe(1);
    expect(await left()).toEqual([]);
  });
});

describe('a store that fails', () => {
  const refused = () => new StoreError('refused', 'closed');

  test('for one object: the others are stored, the segment stays, and the next time nothing is there twice', async () => {
    const [one, two, three] = await threeBatches();
    await write(segmentOf(one, two, three, three));
    const create: MemoryArchive['create'] = (key, ...rest) =>
      key === three.key ? Promise.reject(refused()) : store.create(key, ...rest);
    const failing = { store: { create } };
    expect(await archive(failing)).toMatchObject({ objects: 1, failure: { message: 'closed' } });
    expect(counted['left-in-spool'], 'copies too').toBe(2);
    expect(counted['archived-objects']).toBeUndefined();
    expect(await left()).toEqual([name]);
    expect(await archive()).toMatchObject({ objects: 2, members: 3 });
    expect(store.objects.size).toBe(2);
    expect(texts(await readBack(store))).toEqual(['one', 'two', 'three']);
  });

  test.each([
    ['small objects', 16 * 1024 * 1024],
    ['objects that are read one by one', 1],
  ])('for one app, by refusing it: the others are stored, %s', async (_, maxObjectBytes) => {
    const some = (app: string) =>
      Promise.all(
        Array.from({ length: 12 }, (_, hour) => spooledBatch('x', noon + hour * hourMs, app as AppName)),
      );
    const [bad, good] = await Promise.all([some('bad-app'), some('good-app')]);
    await write(segmentOf(...bad, ...good));
    let attempts = 0;
    const create: MemoryArchive['create'] = (key, ...rest) => {
      if (!key.startsWith('logs/bad-app/')) return store.create(key, ...rest);
      attempts += 1;
      return Promise.reject(refused());
    };
    expect(await archive({ store: { create }, maxObjectBytes })).toMatchObject({
      objects: 12,
      failure: { code: 'refused' },
    });
    expect([...store.objects.keys()].sort()).toEqual(good.map(({ key }) => key).sort());
    expect(attempts).toBeLessThan(12);
    expect(counted['left-in-spool']).toBe(12);
    expect(await left()).toEqual([name]);
  });

  test('for some by refusing them, and is away for the rest: that it is away is what is told', async () => {
    const [one, two, three] = await threeBatches();
    await write(segmentOf(one, two, three, three));
    const create: MemoryArchive['create'] = (key) =>
      Promise.reject(key === three.key ? new StoreError('unavailable', '503') : refused());
    expect(await archive({ store: { create } })).toMatchObject({ objects: 0, failure: { message: '503' } });
  });

  test('for all: it is not asked for each', async () => {
    const days = 3;
    const many = await Promise.all(
      Array.from({ length: 40 }, (_, hour) => spooledBatch('x', noon + hour * hourMs)),
    );
    await write(segmentOf(...many));
    store.script.push(...many.map(refused));
    expect(await archive({ maxObjectBytes: 1000 })).toMatchObject({
      objects: 0,
      failure: { message: 'closed' },
    });
    expect(store.attempts).toBeLessThanOrEqual(days * 6);
    expect(counted['left-in-spool']).toBe(40);
  });
});
