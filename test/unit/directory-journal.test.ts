import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DirectoryJournal, type JournalOptions } from '../../lib/spool/directory-journal.ts';
import { DirectorySegments } from '../../lib/spool/directory-segments.ts';
import type { SpooledMember } from '../../lib/spool/spool.ts';
import { RecordingJournalFiles } from '../support/recording-journal-files.ts';
import { segmentOf, spooledBatch, uuidOf, uuids, walk } from '../support/spooled.ts';
import { storeFailureOf } from '../support/store-failure.ts';

let root: string;
let directory: string;
let files: RecordingJournalFiles;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cistern-'));
  directory = join(root, 'data/spool');
  files = new RecordingJournalFiles();
});
afterEach(() => rm(root, { recursive: true }));

function open(options: Partial<JournalOptions> = {}): DirectoryJournal {
  return new DirectoryJournal({ directory, windowMs: 300_000, files, ...options });
}

function put(journal: DirectoryJournal, spooled: SpooledMember, signal = new AbortController().signal) {
  return journal.put(spooled, signal);
}

/** The uuids in the spool, segment by segment. */
async function held(): Promise<string[][]> {
  const names = (await readdir(directory)).sort();
  return Promise.all(names.map(async (name) => uuids(await walk(await readFile(join(directory, name))))));
}

/** Lets everything run on that can. */
const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms, 'waits'));

describe('a member is durable before it is acknowledged', () => {
  test('the directory, the segment in it, the entry, then the acknowledgement', async () => {
    const journal = open();
    const release = files.hold('fsync');
    let acknowledged = false;
    const one = await spooledBatch('one');
    const done = put(journal, one).then(() => {
      acknowledged = true;
    });
    await vi.waitFor(() => expect(files.begun).toContain('fsync'));
    await turn();
    expect(acknowledged).toBe(false);
    release();
    await done;

    expect(files.done).toEqual([
      // data, then spool, each durable in the directory above it.
      ...['mkdir', 'fsync directory', 'mkdir', 'fsync directory'],
      ...['create', 'fsync directory', 'write', 'fsync'],
    ]);
    const [name = ''] = await readdir(directory);
    expect(name).toMatch(/^\d{13}-[0-9a-f]{16}\.open$/);
    expect(await readFile(join(directory, name))).toEqual(segmentOf(one));
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    expect((await stat(join(directory, name))).mode & 0o777).toBe(0o600);
  });

  test('everything that waits meanwhile shares the next write and the next fsync', async () => {
    const journal = open();
    const batches = await Promise.all(['one', 'two', 'three', 'four'].map((text) => spooledBatch(text)));
    const [first, ...others] = batches;
    if (first === undefined) throw new Error('there are four');
    const release = files.hold('fsync');
    const all = [put(journal, first)];
    await vi.waitFor(() => expect(files.begun).toContain('fsync'));
    all.push(...others.map((each) => put(journal, each)));
    await turn();
    expect(files.begun.filter((step) => step === 'write')).toHaveLength(1);
    release();
    await Promise.all(all);
    expect(files.done.slice(-4)).toEqual(['write', 'fsync', 'write', 'fsync']);
    expect(await held()).toEqual([batches.map(uuidOf)]);
  });

  test('what is too much for one write waits for the fsync before', async () => {
    const journal = open();
    const release = files.hold('fsync');
    const large = await Promise.all(
      [1, 2].map(() => spooledBatch(randomBytes(9_000_000).toString('base64'))),
    );
    const all = large.map((each) => put(journal, each));
    await vi.waitFor(() => expect(files.begun).toContain('fsync'));
    await turn();
    expect(files.begun.filter((step) => step === 'write')).toHaveLength(1);
    release();
    await Promise.all(all);
    expect(await held()).toEqual([large.map(uuidOf)]);
  });

  test('also what comes in the very moment when the journal comes to rest', async () => {
    const journal = open();
    const spooled = await spooledBatch('one');
    for (let hops = 0; hops < 20; hops += 1) {
      await put(journal, spooled);
      for (let i = 0; i < hops; i += 1) await undefined;
      const answered = await Promise.race([put(journal, spooled).then(() => 'durable'), wait(2_000)]);
      expect([hops, answered]).toEqual([hops, 'durable']);
    }
  });

  test('nothing reads a member after its put has settled', async () => {
    const journal = open();
    const one = await spooledBatch('one');
    const expected = segmentOf(one);
    await put(journal, one);
    one.member.fill(0);
    const two = await spooledBatch('two');
    await put(journal, two);
    const [name = ''] = await readdir(directory);
    expect(await readFile(join(directory, name))).toEqual(Buffer.concat([expected, segmentOf(two)]));
  });

  test('one that nobody waits for any more is left out', async () => {
    const journal = open();
    const release = files.hold('fsync');
    const first = put(journal, await spooledBatch('one'));
    await vi.waitFor(() => expect(files.begun).toContain('fsync'));
    const controller = new AbortController();
    const late = storeFailureOf(put(journal, await spooledBatch('two'), controller.signal));
    controller.abort();
    release();
    await first;
    expect(await late).toMatchObject({ code: 'unavailable', message: 'gave up before writing' });
    expect((await held()).flat()).toHaveLength(1);
  });

  test('one that no entry can hold is refused', async () => {
    const tooLarge = { ...(await spooledBatch('one')), member: Buffer.alloc(32 * 1024 * 1024 + 1) };
    expect(await storeFailureOf(put(open(), tooLarge))).toMatchObject({ code: 'refused' });
  });
});

describe('a segment is closed', () => {
  test('when its window is over', async () => {
    const onClosed = vi.fn();
    const journal = open({ windowMs: 50, onClosed });
    const one = await spooledBatch('one');
    await put(journal, one);
    await vi.waitFor(() => expect(onClosed).toHaveBeenCalledOnce());
    expect(await readdir(directory)).toEqual([expect.not.stringContaining('.open')]);
    const two = await spooledBatch('two');
    await put(journal, two);
    await vi.waitFor(() => expect(onClosed).toHaveBeenCalledTimes(2));
    expect(await held()).toEqual([[uuidOf(one)], [uuidOf(two)]]);
  });

  test('when it is large', async () => {
    const journal = open({ maxSegmentBytes: 1 });
    for (const text of ['one', 'two', 'three']) await put(journal, await spooledBatch(text));
    await journal.rotate();
    expect((await held()).map(({ length }) => length)).toEqual([1, 1, 1]);
    expect(await new DirectorySegments(directory).closed()).toHaveLength(3);
  });

  test('when the journal is, which takes nothing afterwards', async () => {
    const journal = open();
    const one = await spooledBatch('one');
    await put(journal, one);
    await journal.close();
    expect(await new DirectorySegments(directory).closed()).toHaveLength(1);
    expect(await storeFailureOf(put(journal, one))).toMatchObject({ message: 'the spool is closed' });
    expect(await held()).toEqual([[uuidOf(one)]]);
  });

  test('when the journal is, with all that waited for it', async () => {
    const journal = open();
    const one = await spooledBatch('one');
    const waited = put(journal, one);
    await Promise.all([journal.close(), waited]);
    expect(await held()).toEqual([[uuidOf(one)]]);
    expect(await new DirectorySegments(directory).closed()).toHaveLength(1);
  });

  test('not at all where there is none', async () => {
    await open().close();
    await expect(readdir(root)).resolves.toEqual([]);
  });
});

describe('what fails', () => {
  test.each([
    ['write', 'ENOSPC', 'refused'],
    ['write', 'EIO', 'unavailable'],
    ['fsync', 'EIO', 'unavailable'],
    ['fsync', 'EDQUOT', 'refused'],
  ] as const)(
    'a %s with %s rejects its whole group, and the next goes to a new segment',
    async (step, code, as) => {
      const journal = open();
      const before = await spooledBatch('before');
      await put(journal, before);
      files.failNext(step, code);
      const group = await Promise.all(['one', 'two'].map((text) => spooledBatch(text)));
      const failures = await Promise.all(group.map((each) => storeFailureOf(put(journal, each))));
      expect(failures).toMatchObject([{ code: as }, { code: as }]);
      expect(failures[0]?.message).toContain(code);
      const after = await spooledBatch('after');
      await put(journal, after);

      const [old = [], next] = await held();
      expect(old[0]).toBe(uuidOf(before));
      expect(next).toEqual([uuidOf(after)]);
      expect(new Set(files.written.slice(-1)), 'never after a failure').not.toContain(files.written[0]);
      expect(await new DirectorySegments(directory).closed()).toHaveLength(1);
    },
  );

  test('a full disk: half an entry is nothing, and there is room again later', async () => {
    const journal = open();
    const one = await spooledBatch('one');
    await put(journal, one);
    files.room = 100;
    expect(await storeFailureOf(put(journal, await spooledBatch('two')))).toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/^only 100 of \d+ bytes could be spooled: is the disk full\?$/),
    });
    expect(await held()).toEqual([[uuidOf(one)]]);
    expect(await storeFailureOf(put(journal, await spooledBatch('two')))).toMatchObject({
      code: 'unavailable',
    });
    expect(await readdir(directory), 'what holds nothing is removed').toHaveLength(1);
    files.room = Number.POSITIVE_INFINITY;
    const three = await spooledBatch('three');
    await put(journal, three);
    expect((await held()).flat()).toEqual([uuidOf(one), uuidOf(three)]);
  });

  test.each(['create', 'fsync directory'] as const)(
    '%s: nothing is acknowledged, nothing left',
    async (step) => {
      const journal = open();
      await put(journal, await spooledBatch('one'));
      await journal.rotate();
      files.failNext(step, 'EROFS');
      expect(await storeFailureOf(put(journal, await spooledBatch('two')))).toMatchObject({
        code: 'refused',
      });
      expect(await readdir(directory)).toHaveLength(1);
      await put(journal, await spooledBatch('three'));
      expect(await readdir(directory)).toHaveLength(2);
    },
  );

  test('a rename: the segment is archived when somebody takes it over', async () => {
    const journal = open();
    await put(journal, await spooledBatch('one'));
    files.failNext('rename', 'EIO');
    await journal.rotate();
    const segments = new DirectorySegments(directory);
    expect(await segments.closed()).toEqual([]);
    await segments.takeOver(60_000);
    expect(await segments.closed(), 'nothing of this minute').toEqual([]);
    await segments.takeOver(0);
    expect(await segments.closed()).toHaveLength(1);
  });
});

describe('a segment that is taken away', () => {
  test('by another process: what is not acknowledged yet is written again, elsewhere', async () => {
    const journal = open();
    const one = await spooledBatch('one');
    await put(journal, one);
    const release = files.hold('fsync');
    const two = await spooledBatch('two');
    const late = put(journal, two);
    await vi.waitFor(() => expect(files.begun.filter((step) => step === 'fsync')).toHaveLength(2));
    await new DirectorySegments(directory).takeOver(0);
    // All that whoever took it over is sure to read.
    const [taken = ''] = await new DirectorySegments(directory).closed();
    await rm(join(directory, taken));
    release();
    await late;
    expect(await held()).toEqual([[uuidOf(two)]]);
  });

  test('again and again: told, not acknowledged', async () => {
    const segments = new DirectorySegments(directory);
    const journal = open({
      files: Object.assign(files, {
        create: async (path: string, mode: number) => {
          const file = await RecordingJournalFiles.prototype.create.call(files, path, mode);
          return { ...file, sync: () => segments.takeOver(0) };
        },
      }),
    });
    const failure = await storeFailureOf(put(journal, await spooledBatch('one')));
    expect(failure).toMatchObject({ code: 'unavailable' });
    expect(failure.message).toContain('other processes');
  });

  test('with its directory: it is made again', async () => {
    const journal = open();
    await put(journal, await spooledBatch('one'));
    await rename(join(root, 'data'), join(root, 'elsewhere'));
    const two = await spooledBatch('two');
    await put(journal, two);
    expect(await held()).toEqual([[uuidOf(two)]]);
  });
});
