import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DirectorySegments } from '../../../lib/spool/journal/journal-segments.ts';
import { RecordingJournalFiles } from '../../support/recording-journal-files.ts';

const hourMs = 60 * 60 * 1000;
const name = '1795294367822-00000000000000aa';

let directory: string;
let files: RecordingJournalFiles;
let segments: DirectorySegments;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cistern-'));
  files = new RecordingJournalFiles();
  segments = new DirectorySegments(directory, files);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const write = (file: string, content = '') => writeFile(join(directory, file), content);
const begunAt = (epochMs: number) => `${epochMs}-00000000000000aa`;

describe('what is open', () => {
  test.each([
    ['an hour ago', -hourMs],
    ['in an hour: the clock was set back', hourMs],
  ])('is taken over when it was begun %s', async (_, ago) => {
    const old = begunAt(Date.now() + ago);
    await write(`${old}.open`);
    await write(`${begunAt(Date.now())}.open`);
    expect(await segments.closed()).toEqual([]);
    await segments.takeOver(hourMs / 2);
    expect(await segments.closed()).toEqual([old]);
  });

  test('is left alone when its writer closes it first', async () => {
    await write(`${name}.open`);
    files.failNext('rename', 'ENOENT');
    await segments.takeOver(0);
    await segments.takeOver(0);
    expect(await segments.closed()).toEqual([name]);
  });

  test('and can not be renamed is told', async () => {
    await write(`${name}.open`);
    files.failNext('rename', 'EIO');
    await expect(segments.takeOver(0)).rejects.toMatchObject({ code: 'EIO' });
  });
});

describe('what is archived', () => {
  test('is gone for good', async () => {
    await write(name);
    await segments.remove(name);
    expect(files.done).toEqual(['unlink', 'fsync directory']);
    expect(await readdir(directory)).toEqual([]);
  });

  test('and gone already is no failure', async () => {
    await segments.remove(name);
    await rm(directory, { recursive: true });
    await segments.remove(name);
  });

  test.each(['unlink', 'fsync directory'] as const)(
    'and may come back, since its %s failed, is told',
    async (step) => {
      await write(name);
      files.failNext(step, 'EIO');
      await expect(segments.remove(name)).rejects.toMatchObject({ code: 'EIO' });
    },
  );
});

test('a segment that ends before its size says so: somebody cut it', async () => {
  await write(name, 'x'.repeat(1_000));
  const segment = await segments.open(name);
  if (segment === undefined) throw new Error('it was written');
  await write(name, 'x'.repeat(100));
  await expect(segment.read([{ offset: 0, bytes: 1_000 }])).rejects.toThrow('somebody cut it');
  await segment.close();
});

test('stretches are read in the order in which they are asked for, at the same time too', async () => {
  const content = Array.from({ length: 100_000 }, (_, index) => String(index).padStart(7)).join('');
  await write(name, content);
  const segment = await segments.open(name);
  if (segment === undefined) throw new Error('it was written');
  const asked = [
    [
      { offset: 690_000, bytes: 70 },
      { offset: 7, bytes: 14 },
    ],
    [
      { offset: 300_000, bytes: 100_000 },
      { offset: 0, bytes: 7 },
      { offset: 300_000, bytes: 7 },
    ],
    [{ offset: 0, bytes: 700_000 }],
  ];
  const read = await Promise.all(asked.map((stretches) => segment.read(stretches)));
  const expected = asked.map((stretches) =>
    stretches.map(({ offset, bytes }) => content.slice(offset, offset + bytes)).join(''),
  );
  expect(read.map((body) => String(body))).toEqual(expected);
  await segment.close();
});
