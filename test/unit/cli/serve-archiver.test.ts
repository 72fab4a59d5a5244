import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ArchiverSetup, ServeArchiver } from '../../../cli/serve/archiver.ts';
import { DirectoryStore } from '../../../lib/archive/store/directory/directory-store.ts';
import type { Log } from '../../../lib/base/log.ts';
import type { Sample } from '../../../lib/metrics/counters.ts';
import { readBack, texts } from '../../support/batches.ts';
import { segmentOf, spooledBatch } from '../../support/spooled.ts';

const noon = Date.UTC(2026, 10, 21, 12);

interface Line {
  readonly level: keyof Log;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

let data: string;
let samples: Sample[];
let lines: Line[];
/** Every thread that was begun, and when each has ended. */
let threads: Worker[];
let ends: Promise<unknown>[];
let onThread: (thread: Worker) => void;
const hear = (thread: Worker) => {
  threads.push(thread);
  ends.push(new Promise((resolve) => thread.once('exit', resolve)));
  onThread(thread);
};
let segments: number;
/** A segment that nobody can open, until somebody writes into it. */
let hanging: string | undefined;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'cistern-'));
  await mkdir(join(data, 'spool'));
  samples = [];
  lines = [];
  threads = [];
  ends = [];
  segments = 0;
  hanging = undefined;
  onThread = () => undefined;
  process.on('worker', hear);
});
afterEach(async () => {
  vi.useRealTimers();
  process.off('worker', hear);
  if (hanging !== undefined) closeSync(openSync(hanging, 'r+'));
  await Promise.all(threads.map((thread) => thread.terminate()));
  await rm(data, { recursive: true });
});

function open(own: object = {}): ServeArchiver {
  const setup: ArchiverSetup = {
    data,
    bucket: undefined,
    windowMs: 300_000,
    maxObjectBytes: 16 * 1024 * 1024,
    ...own,
  };
  const write = (level: keyof Log): Log[keyof Log] => {
    return (message, fields) => void lines.push({ level, message, fields });
  };
  const log = { info: write('info'), warn: write('warn'), error: write('error') };
  return new ServeArchiver(setup, { record: (sample) => void samples.push(sample) }, log);
}

const segmentAt = (begunAt: number) => join(data, 'spool', `${begunAt}-00000000000000aa`);

/** A segment for each. */
async function spool(...messages: readonly string[]): Promise<void> {
  for (const text of messages) {
    const at = noon + segments++;
    await writeFile(segmentAt(at), segmentOf(await spooledBatch(text, at)));
  }
}

const left = () => readdir(join(data, 'spool'));
const read = async () => texts(await readBack(new DirectoryStore(join(data, 'archive'))));
const counted = (name: keyof Sample['counts']) =>
  samples.reduce((sum, { counts }) => sum + (counts[name] ?? 0), 0);

/** An order that makes no sense ends the thread as an error of its own would. */
const spoil = (thread: Worker) => thread.postMessage(null);
const failed = {
  level: 'error',
  message: expect.stringMatching(/^the archiver failed; what is spooled stays/),
  fields: { error: expect.any(Error) },
};

test('archives what is closed, in one thread, whose counts and words arrive', async () => {
  const archiver = open();
  await spool('one', 'two');
  archiver.wake();
  await vi.waitFor(async () => expect(await left()).toEqual([]), { timeout: 10_000 });
  await spool('three');
  archiver.wake();
  await vi.waitFor(() => expect(counted('archived-members')).toBe(3), { timeout: 10_000 });
  expect(await read()).toEqual(['one', 'two', 'three']);
  expect(await archiver.stop(5_000)).toBe(0);
  expect(threads).toHaveLength(1);
  expect(lines).toEqual(
    Array(3).fill({
      level: 'info',
      message: 'archived 1 batch of the spool in 1 object',
      fields: expect.objectContaining({ members: 1 }),
    }),
  );
});

test('begins with what was left, and with nothing there no thread', async () => {
  const idle = open();
  idle.start();
  expect(await idle.stop(5_000)).toBe(0);
  expect(threads).toEqual([]);

  await spool('one');
  const archiver = open();
  archiver.start();
  await vi.waitFor(async () => expect(await left()).toEqual([]), { timeout: 10_000 });
  expect(await archiver.stop(5_000)).toBe(0);
  expect(await read()).toEqual(['one']);
});

test('looks into a spool that it can not read itself, and passes on why', async () => {
  await rm(join(data, 'spool'), { recursive: true });
  await writeFile(join(data, 'spool'), 'a file');
  const archiver = open();
  archiver.start();
  await vi.waitFor(() => expect(lines).toHaveLength(1), { timeout: 10_000 });
  // An error would have lost its code on the way.
  expect(lines[0]).toMatchObject({
    level: 'warn',
    fields: {
      error: expect.stringMatching(/^StoreError refused: the spool \S+ can't be read \(it is no dir/),
    },
  });
  await archiver.stop(5_000);
});

describe('a thread that dies', () => {
  test('is told of, and the next order begins another, which loses nothing', async () => {
    await spool('one');
    onThread = spoil;
    const archiver = open();
    archiver.wake();
    await vi.waitFor(() => expect(threads).toHaveLength(1));
    await ends[0];
    expect(lines).toEqual([failed]);
    expect(await left()).toHaveLength(1);

    onThread = () => undefined;
    archiver.wake();
    await vi.waitFor(async () => expect(await left()).toEqual([]), { timeout: 10_000 });
    expect(await read()).toEqual(['one']);
    expect(await archiver.stop(5_000)).toBe(0);
  });

  test('over and over, is begun again only by the next look', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    await spool('one');
    onThread = spoil;
    const archiver = open();
    archiver.start();
    for (const begun of [1, 2, 3]) {
      while (threads.length < begun) await once(process, 'worker');
      await ends.at(-1);
      vi.advanceTimersByTime(9_999);
      expect(threads).toHaveLength(begun);
      expect(lines).toEqual(Array(begun).fill(failed));
      vi.advanceTimersByTime(1);
    }
    onThread = () => undefined;
    while (threads.length < 4) await once(process, 'worker');
    expect(await archiver.stop(5_000)).toBe(0);
    expect(await read()).toEqual(['one']);
  });

  test('before it could begin is told of all the same', async () => {
    await spool('one');
    // The constructor throws, as where the system has no more threads to give (EAGAIN).
    const archiver = open({ uncloneable: () => undefined });
    archiver.start();
    archiver.wake();
    await vi.waitFor(() => expect(lines).toEqual([failed, failed]));
    expect(await archiver.stop(5_000)).toBe(1);
    expect(threads).toEqual([]);
    expect(await left()).toHaveLength(1);
  });
});

describe('a stop', () => {
  test('archives what is there, in a thread of its own if need be', async () => {
    await spool('one', 'two');
    expect(await open().stop(5_000)).toBe(0);
    expect(await read()).toEqual(['one', 'two']);
    expect(threads).toHaveLength(1);
  });

  test('says how much is left when the store is away', async () => {
    await writeFile(join(data, 'archive'), 'a file');
    await spool('one', 'two');
    expect(await open().stop(5_000)).toBe(2);
    expect(lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('stays in the spool') }]);
    expect(await left()).toHaveLength(2);
  });

  test('does not wait for a thread that dies of it', async () => {
    await spool('one');
    onThread = spoil;
    expect(await open().stop(600_000)).toBe(1);
    expect(lines).toEqual([failed]);
    expect(await left()).toHaveLength(1);
  });

  test('does not wait for a thread that never answers', async () => {
    await spool('one');
    const archiver = open();
    archiver.wake();
    await vi.waitFor(async () => expect(await left()).toEqual([]), { timeout: 10_000 });
    await spool('two');
    const [thread] = threads;
    if (thread === undefined) throw new Error('it archived');
    vi.spyOn(thread, 'postMessage').mockReturnValue();
    expect(await archiver.stop(0)).toBe(1);
    await vi.waitFor(() => expect(thread.threadId).toBe(-1));
  });

  test('does not wait for a file system that hangs, though its thread can not be ended either', async () => {
    const path = segmentAt(noon);
    execFileSync('mkfifo', [path]);
    hanging = path;
    expect(await open().stop(50)).toBe(1);
  });
});
