import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DirectoryJournal, type JournalOptions } from '../../../lib/spool/journal/journal.ts';
import { nodeJournalFiles } from '../../../lib/spool/journal/journal-files.ts';
import { DirectorySegments } from '../../../lib/spool/journal/journal-segments.ts';
import {
  endJournalScene,
  heldIn,
  type JournalScene,
  makeJournalScene,
  put,
  turn,
} from '../../support/journal.ts';
import type { RecordingJournalFiles } from '../../support/recording-journal-files.ts';
import { entryOf, segmentOf, spooledBatch, uuidOf } from '../../support/spooled.ts';
import { storeFailureOf } from '../../support/store-failure.ts';

let scene: JournalScene;
let root: string;
let directory: string;
let files: RecordingJournalFiles;

beforeEach(async () => {
  scene = await makeJournalScene();
  ({ root, directory, files } = scene);
});
afterEach(async () => {
  vi.useRealTimers();
  await endJournalScene(scene);
});

function open(options: Partial<JournalOptions> = {}): DirectoryJournal {
  return new DirectoryJournal({ directory, windowMs: 300_000, files, ...options });
}

const held = () => heldIn(directory);

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
    const { key } = await spooledBatch('one');
    const large = [1, 2].map((fill) => ({ key, member: Buffer.alloc(9_000_000, fill) }));
    const all = large.map((each) => put(journal, each));
    await vi.waitFor(() => expect(files.begun).toContain('fsync'));
    await turn();
    expect(files.begun.filter((step) => step === 'write')).toHaveLength(1);
    release();
    await Promise.all(all);
    expect(files.done.slice(-4)).toEqual(['write', 'fsync', 'write', 'fsync']);
    const [name = ''] = await readdir(directory);
    expect((await readFile(join(directory, name))).equals(segmentOf(...large))).toBe(true);
  });

  test('however many come at once: more pieces than the system takes in one call', async () => {
    const journal = open({ files: nodeJournalFiles });
    const one = await spooledBatch('one');
    // Small ones are written at once, larger ones by the thread pool.
    for (const member of [one.member.subarray(0, 40), one.member]) {
      const spooled = { ...one, member };
      await Promise.all(Array.from({ length: 3_000 }, () => put(journal, spooled)));
      await journal.rotate();
      const [name = ''] = await new DirectorySegments(directory).closed();
      const written = await readFile(join(directory, name));
      expect(written.equals(Buffer.concat(Array<Buffer>(3_000).fill(entryOf(spooled))))).toBe(true);
      await rm(join(directory, name));
    }
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

  test('and none of it while another group is under way', async () => {
    const journal = open();
    const spooled = await spooledBatch('one');
    for (let hops = 0; hops < 20; hops += 1) {
      await put(journal, spooled);
      for (let i = 0; i < hops; i += 1) await undefined;
      files.forget();
      const release = files.hold('fsync');
      const all = [put(journal, spooled)];
      await vi.waitFor(() => expect(files.begun).toContain('fsync'), { interval: 1 });
      all.push(put(journal, spooled));
      await turn();
      expect([hops, ...files.begun]).toEqual([hops, 'write', 'fsync']);
      release();
      await Promise.all(all);
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
    const behind = entryOf(two, expected.length);
    expect(await readFile(join(directory, name))).toEqual(Buffer.concat([expected, behind]));
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
    const journal = open();
    expect(await storeFailureOf(put(journal, tooLarge))).toMatchObject({ code: 'refused' });
    const largest = { ...tooLarge, member: tooLarge.member.subarray(1) };
    expect(largest.member).toHaveLength(journal.maxMemberBytes);
    await put(journal, largest);
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

  test('when it is exactly that large', async () => {
    const one = await spooledBatch('one');
    await put(open({ maxSegmentBytes: entryOf(one).length }), one);
    await vi.waitFor(async () => expect(await new DirectorySegments(directory).closed()).toHaveLength(1));
  });

  test('when it has as many entries as an archiver plans at once', async () => {
    const journal = open();
    const small = { ...(await spooledBatch('one')), member: Buffer.alloc(1) };
    const some = (many: number) => Promise.all(Array.from({ length: many }, () => put(journal, small)));
    await some(10_000);
    await some(9_999);
    await turn();
    expect(await new DirectorySegments(directory).closed()).toEqual([]);
    await some(1);
    await vi.waitFor(async () => expect(await new DirectorySegments(directory).closed()).toHaveLength(1));
  });

  test('and sorts behind those before, whatever the clock says', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const journal = open();
    const batches = await Promise.all(
      ['one', 'two', 'three', 'four', 'five'].map((text) => spooledBatch(text)),
    );
    for (const [index, each] of batches.entries()) {
      // Of two in a millisecond, and of a clock that is set back.
      if (index === 3) vi.setSystemTime(Date.now() - 60_000);
      await put(journal, each);
      await journal.rotate();
    }
    expect(await held()).toEqual(batches.map((each) => [uuidOf(each)]));
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

  test('when the journal is, though it had come to rest', async () => {
    const journal = open();
    await put(journal, await spooledBatch('one'));
    await turn();
    await journal.close();
    expect(await new DirectorySegments(directory).closed()).toHaveLength(1);
  });

  test('when the journal is, with more than one write takes', async () => {
    const journal = open();
    const { key } = await spooledBatch('one');
    const waited = [1, 2].map(() => put(journal, { key, member: Buffer.alloc(9_000_000) }));
    await journal.close();
    await Promise.all(waited);
    expect(await readdir(directory)).toEqual(await new DirectorySegments(directory).closed());
  });

  test('and its file and its timer go with it: the next has its own window', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const journal = open();
    await put(journal, await spooledBatch('one'));
    expect(vi.getTimerCount()).toBe(1);
    await journal.rotate();
    expect(vi.getTimerCount()).toBe(0);
    expect(files.done.filter((step) => step === 'close')).toHaveLength(1);
  });

  test('and who hears of it holds up nothing, not even by failing', async () => {
    const journal = open({
      onClosed: () => {
        throw new Error('no archiver today');
      },
    });
    const one = await spooledBatch('one');
    await put(journal, one);
    await journal.rotate();
    const two = await spooledBatch('two');
    await put(journal, two);
    expect(await held()).toEqual([[uuidOf(one)], [uuidOf(two)]]);
  });

  test('not at all where there is none', async () => {
    await open().close();
    await expect(readdir(root)).resolves.toEqual([]);
  });
});
