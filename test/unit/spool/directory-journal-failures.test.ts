import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DirectoryJournal, type JournalOptions } from '../../../lib/spool/journal/journal.ts';
import { DirectorySegments } from '../../../lib/spool/journal/journal-segments.ts';
import { endJournalScene, heldIn, type JournalScene, makeJournalScene, put } from '../../support/journal.ts';
import { RecordingJournalFiles } from '../../support/recording-journal-files.ts';
import { entryOf, spooledBatch, uuidOf } from '../../support/spooled.ts';
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

  test('a disk that is full one byte too early: the entry is not acknowledged', async () => {
    const journal = open();
    const one = await spooledBatch('one');
    files.room = entryOf(one).length - 1;
    expect((await storeFailureOf(put(journal, one))).message).toContain('is the disk full?');
    expect(await readdir(directory)).toEqual([]);
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
      await journal.close();
      const opened = files.done.filter((each) => each === 'create');
      expect(files.done.filter((each) => each === 'close')).toHaveLength(opened.length);
    },
  );

  test('a close: what is durable already stays acknowledged, and the journal goes on', async () => {
    const journal = open();
    const one = await spooledBatch('one');
    await put(journal, one);
    files.failNext('close', 'EIO');
    await journal.rotate();
    const two = await spooledBatch('two');
    await put(journal, two);
    expect(await held()).toEqual([[uuidOf(one)], [uuidOf(two)]]);
    expect(await new DirectorySegments(directory).closed()).toHaveLength(1);
  });

  test('an unlink, after a write: told, and the journal goes on', async () => {
    const journal = open();
    files.failNext('write', 'EIO');
    files.failNext('unlink', 'EROFS');
    const one = await spooledBatch('one');
    expect(await storeFailureOf(put(journal, one))).toMatchObject({ code: 'unavailable' });
    await put(journal, one);
    expect(await held()).toEqual([[], [uuidOf(one)]]);
  });

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

describe('the directory', () => {
  const member = () => spooledBatch('one');

  test('that a killed process made is made durable before anything in it is acknowledged', async () => {
    await mkdir(directory, { recursive: true });
    const journal = open();
    await put(journal, await member());
    expect(files.done).toEqual(['fsync directory', 'create', 'fsync directory', 'write', 'fsync']);
    expect(files.synced).toEqual([join(root, 'data'), directory]);
    files.forget();
    await journal.rotate();
    await put(journal, await member());
    expect(files.done, 'once a process').not.toContain('mkdir');
    expect(files.synced).toEqual([directory]);
  });

  test('that can not be made: said as the system says it', async () => {
    const journal = open();
    await mkdir(join(root, 'data'));
    files.failNext('mkdir', 'EACCES');
    const failure = await storeFailureOf(put(journal, await member()));
    expect(failure).toMatchObject({ code: 'refused', message: expect.stringContaining('EACCES') });
    await put(journal, await member());
  });

  test('that could not be made durable is tried again, and nothing is acknowledged until then', async () => {
    await mkdir(join(root, 'data'));
    const journal = open();
    files.failNext('fsync directory', 'EIO');
    expect(await storeFailureOf(put(journal, await member()))).toMatchObject({ code: 'unavailable' });
    await put(journal, await member());
    expect(files.synced).toEqual([join(root, 'data'), directory]);
  });
});
