import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { StoreError } from '../../../lib/archive/store/store.ts';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { DirectoryJournal } from '../../../lib/spool/journal/journal.ts';
import { JournalArchiver } from '../../../lib/spool/journal/journal-archiver.ts';
import { DirectorySegments } from '../../../lib/spool/journal/journal-segments.ts';
import { readBack, testApp, texts } from '../../support/batches.ts';
import { segmentArchiver } from '../../support/journal.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';

import { segmentOf, spooledBatch } from '../../support/spooled.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const hourMs = 60 * 60 * 1000;

let directory: string;
let store: MemoryArchive;
let logged: string[];
let archivers: JournalArchiver[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cistern-'));
  store = new MemoryArchive();
  logged = [];
  archivers = [];
});
afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(archivers.map((each) => each.stop(0)));
  await rm(directory, { recursive: true });
});

function open(): JournalArchiver {
  const archiver = new JournalArchiver({ ...segmentArchiver(directory, store, logged), windowMs: 300_000 });
  archivers.push(archiver);
  return archiver;
}

const segment = (begunAt: number, suffix = '') => join(directory, `${begunAt}-00000000000000aa${suffix}`);
const left = () => readdir(directory);
const read = async () => texts(await readBack(store));

test('archives what earlier processes left, what they were writing too', async () => {
  await writeFile(segment(noon), segmentOf(await spooledBatch('one')));
  await writeFile(segment(Date.now(), '.open'), segmentOf(await spooledBatch('two', noon + 1)));
  open().wake();
  await vi.waitFor(async () => expect(await left()).toEqual([]));
  expect(await read()).toEqual(['one', 'two']);
  expect(logged).toEqual(Array(2).fill('archived 1 batch of the spool in 1 object'));
});

test('archives also what is closed in the very moment when it comes to rest', async () => {
  const archiver = open();
  const spooled = await spooledBatch('one');
  const segments = new DirectorySegments(directory);
  for (let hops = 0; hops < 20; hops += 1) {
    const gone = Promise.withResolvers<void>();
    vi.spyOn(DirectorySegments.prototype, 'closed').mockImplementationOnce(async () => {
      gone.resolve();
      return [];
    });
    await writeFile(segment(noon), segmentOf(spooled));
    archiver.wake();
    await gone.promise;
    for (let i = 0; i < hops; i += 1) await undefined;
    archiver.wake();
    await vi.waitFor(async () => expect(await segments.closed()).toEqual([]), { timeout: 3_000 });
  }
});

test('leaves to another process what it writes, until that must have left it', async () => {
  const archiver = open();
  await writeFile(segment(noon), segmentOf(await spooledBatch('first')));
  archiver.wake();
  // By then it has taken over what was there at its start.
  await vi.waitFor(async () => expect(await left()).toEqual([]));
  await writeFile(segment(Date.now(), '.open'), segmentOf(await spooledBatch('young')));
  await writeFile(segment(Date.now() - 311_000, '.open'), segmentOf(await spooledBatch('old', noon + 1)));
  await vi.waitFor(async () => {
    archiver.wake();
    expect(await read()).toEqual(['first', 'old']);
  });
  expect(await left()).toEqual([expect.stringMatching(/\.open$/)]);
});

describe('a store that is away', () => {
  const away = () => new StoreError('unavailable', 'the store is away');
  const attemptsEach = 3;

  test('is asked for one segment a round, told of once, and everything arrives when it is back', async () => {
    for (let i = 0; i < 5; i += 1) {
      await writeFile(segment(noon + i), segmentOf(await spooledBatch(`${i}`, noon + i * hourMs)));
    }
    store.script.push(...Array.from({ length: 3 * attemptsEach }, away));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    open().wake();
    for (const rounds of [1, 2, 3]) {
      await vi.waitFor(() => expect(store.attempts).toBe(rounds * attemptsEach));
      // Its round has to be over before its next one has a time.
      await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
      expect(await left()).toHaveLength(5);
      expect(logged).toEqual([expect.stringContaining('stays in the spool')]);
      await vi.advanceTimersByTimeAsync(5_000);
    }
    await vi.waitFor(async () => expect(await left()).toEqual([]));
    expect(await read()).toEqual(['0', '1', '2', '3', '4']);
    await vi.waitFor(() => expect(logged.at(-1)).toBe('the spool can be archived again'));
  });

  test('for one segment alone holds back no other', async () => {
    const bad = await spooledBatch('bad');
    await writeFile(segment(noon), segmentOf(bad));
    await writeFile(segment(noon + 1), segmentOf(await spooledBatch('good', noon + hourMs)));
    const create = store.create.bind(store);
    store.create = (key, ...rest) => (key === bad.key ? Promise.reject(away()) : create(key, ...rest));
    const archiver = open();
    await vi.waitFor(async () => {
      archiver.wake();
      expect(await left()).toHaveLength(1);
    });
    expect(await read()).toEqual(['good']);
  });
});

describe('a store that refuses', () => {
  const refused = () => new StoreError('refused', 'AccessDenied');

  /** Each in a segment of its own, the first ones refused. */
  async function write(bad: number, good: number): Promise<void> {
    for (let n = 0; n < bad + good; n += 1) {
      const app = (n < bad ? 'bad-app' : testApp) as AppName;
      await writeFile(segment(noon + n), segmentOf(await spooledBatch(`${n}`, noon + n * 1_000, app)));
    }
    const create = store.create.bind(store);
    store.create = (key, ...rest) =>
      key.startsWith('logs/bad-app/') ? Promise.reject(refused()) : create(key, ...rest);
  }

  test('all that some segments hold holds back none behind them', async () => {
    await write(5, 3);
    open().wake();
    await vi.waitFor(async () => expect(await left()).toHaveLength(5));
    expect(await read()).toEqual(['5', '6', '7']);
  });

  test('all that many segments hold holds back none behind them for ever', async () => {
    await write(25, 3);
    const archiver = open();
    await vi.waitFor(async () => {
      archiver.wake();
      expect(await left()).toHaveLength(25);
    });
    expect(await read()).toEqual(['25', '26', '27']);
  });

  test('with other words at every attempt is told of once', async () => {
    await write(1, 0);
    let rounds = 0;
    store.create = async () => {
      rounds += 1;
      const cause = Object.assign(new Error(`link tmp/${rounds}.gz`), { code: 'EACCES' });
      throw new StoreError('refused', `the archive's directory failed: ${cause.message}`, { cause });
    };
    const archiver = open();
    await vi.waitFor(() => {
      archiver.wake();
      expect(rounds).toBeGreaterThan(3);
    });
    expect(logged).toEqual([expect.stringContaining('stays in the spool')]);
  });

  test('everything is asked for some segments a round', async () => {
    await write(0, 30);
    store.script.push(...Array.from({ length: 1_000 }, refused));
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    open().wake();
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(1));
    expect(store.attempts).toBe(10);
    expect(logged).toEqual([expect.stringContaining('stays in the spool')]);
  });

  test('one segment for ever does not hold back those that stayed when it was away', async () => {
    await write(1, 3);
    store.script.push(...Array.from({ length: 9 }, () => new StoreError('unavailable', '503')));
    const archiver = open();
    await vi.waitFor(
      async () => {
        archiver.wake();
        expect(await left()).toHaveLength(1);
      },
      { timeout: 4_000 },
    );
    expect(store.attempts).toBe(12);
  });
});

describe('a stop', () => {
  test('archives what the journal still had', async () => {
    const archiver = open();
    const journal = new DirectoryJournal({ directory, windowMs: 300_000, onClosed: () => archiver.wake() });
    archiver.wake();
    await journal.put(await spooledBatch('one'), new AbortController().signal);
    await journal.close();
    expect(await archiver.stop(5_000)).toBe(0);
    expect(await read()).toEqual(['one']);
  });

  test('does not wait for a store that hangs, and says how much is left', async () => {
    await writeFile(segment(noon), segmentOf(await spooledBatch('one')));
    store.script.push('hang');
    expect(await open().stop(50)).toBe(1);
    expect(await left()).toHaveLength(1);
  });
});
