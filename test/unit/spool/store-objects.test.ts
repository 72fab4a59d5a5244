import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { objectKey } from '../../../lib/archive/format/key.ts';
import { StoreError } from '../../../lib/archive/store/store.ts';
import type { AppName } from '../../../lib/drains/app-name.ts';
import type { PlannedMember, PlannedObject } from '../../../lib/spool/plan-objects.ts';
import { storeObjects } from '../../../lib/spool/store-objects.ts';
import { testApp } from '../../support/batches.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';

// Fake timers leave this module alone.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
}));

const unavailable = new StoreError('unavailable', '503');
const always = <T>(step: T): T[] => Array<T>(1_000).fill(step);

let store: MemoryArchive;
beforeEach(() => {
  vi.useFakeTimers();
  store = new MemoryArchive();
});
afterEach(() => {
  vi.useRealTimers();
});

function object(n: number, app = testApp, epochMs = 1_795_294_367_822): PlannedObject<PlannedMember> {
  const uuid = `${n.toString(16).padStart(8, '0')}-0000-8000-8000-000000000000`;
  const parts = { app, epochMs, uuid };
  return { key: objectKey(parts), members: [{ parts, bytes: 10 }], copies: [] };
}
const objects = (count: number) => Array.from({ length: count }, (_, n) => object(n));

async function storeAll(
  planned: number | readonly PlannedObject<PlannedMember>[],
  budgetMs = 30_000,
  read: (object: PlannedObject<PlannedMember>) => Buffer | Promise<Buffer> = ({ key }) => Buffer.from(key),
) {
  const started = performance.now();
  const all = typeof planned === 'number' ? objects(planned) : planned;
  const stored = storeObjects({ store, objects: all, read, budgetMs }).then((outcomes) => ({
    outcomes,
    tookMs: performance.now() - started,
    failed: outcomes.filter(({ failure }) => failure !== undefined).map(({ object }) => object.key),
  }));
  await vi.runAllTimersAsync();
  return stored;
}

test('every object is stored, in any number, and said of in order', async () => {
  const { outcomes, failed } = await storeAll(50);
  expect(failed).toEqual([]);
  expect(outcomes.map(({ object }) => object.key)).toEqual(objects(50).map(({ key }) => key));
  expect(outcomes.map(({ bytes }) => bytes)).toEqual(objects(50).map(({ key }) => key.length));
  expect(store.objects.size).toBe(50);
});

test('few are under way at once, since each holds its bytes', async () => {
  let underWay = 0;
  let most = 0;
  const create = store.create.bind(store);
  store.create = async (...given) => {
    underWay += 1;
    most = Math.max(most, underWay);
    await new Promise((resolve) => setTimeout(resolve, 20));
    underWay -= 1;
    return create(...given);
  };
  expect((await storeAll(20)).failed).toEqual([]);
  expect(most).toBe(4);
});

describe('a store that is away', () => {
  test('costs one slow attempt, and not one an object', async () => {
    store.script.push(...always<'hang'>('hang'));
    const { failed, tookMs } = await storeAll(100);
    expect(failed).toHaveLength(100);
    expect(tookMs).toBeLessThan(1_100);
    expect(store.attempts).toBe(4);
  });

  test('and fails at once is not asked for every object', async () => {
    store.script.push(...always(unavailable));
    const { failed } = await storeAll(100);
    expect(failed).toHaveLength(100);
    expect(store.attempts).toBeLessThanOrEqual(6);
  });

  test('for an attempt or two is asked again', async () => {
    store.script.push(unavailable, unavailable);
    expect((await storeAll(1)).failed).toEqual([]);
  });
});

test('one object that fails holds back no other', async () => {
  const create = store.create.bind(store);
  store.create = async (key, ...given) => {
    if (key === object(3).key) throw new StoreError('refused', 'not this one');
    return create(key, ...given);
  };
  expect((await storeAll(30)).failed).toEqual([object(3).key]);
});

describe('a store that refuses', () => {
  const dayMs = 24 * 60 * 60 * 1000;
  const app = (name: string, count: number, epochMs?: number) =>
    Array.from({ length: count }, (_, n) => object(n, name as AppName, epochMs));
  const underWay = 4;

  /** Resolves with the attempts at what is refused. */
  function refuse(prefix: string): () => number {
    let attempts = 0;
    const create = store.create.bind(store);
    store.create = async (key, ...given) => {
      if (!key.startsWith(prefix)) return create(key, ...given);
      attempts += 1;
      throw new StoreError('refused', 'EACCES');
    };
    return () => attempts;
  }

  test('one app, however much it has, holds back no other', async () => {
    const attempts = refuse('logs/bad-app/');
    const bad = app('bad-app', 50);
    const { outcomes, failed } = await storeAll([...bad, ...app('good-app', 20), ...app('other-app', 1)]);
    expect(failed).toEqual(bad.map(({ key }) => key));
    expect(store.objects.size).toBe(21);
    expect(outcomes.flatMap(({ failure }) => failure ?? [])).toEqual(
      bad.map(() => expect.objectContaining({ code: 'refused' })),
    );
    expect(attempts()).toBeLessThanOrEqual(2 + underWay);
  });

  test('one day of an app holds back no other day of it', async () => {
    refuse('logs/bad-app/2026/11/21/');
    const days = [0, 1, 2].map((day) => app('bad-app', 10, Date.UTC(2026, 10, 21) + day * dayMs));
    const { failed } = await storeAll(days.flat());
    expect(failed).toEqual(days[0]?.map(({ key }) => key));
  });

  test('most apps holds back none of the others', async () => {
    refuse('logs/bad-');
    const bad = Array.from({ length: 20 }, (_, n) => app(`bad-${n}-app`, 1)).flat();
    const { failed } = await storeAll([...bad, ...app('good-app', 2)]);
    expect(failed).toEqual(bad.map(({ key }) => key));
  });

  test('everything is asked some times for each app, and not for every object', async () => {
    const attempts = refuse('logs/');
    const apps = Array.from({ length: 20 }, (_, n) => app(`app-${n}-x`, 200));
    const { failed, tookMs } = await storeAll(apps.flat());
    expect(failed).toHaveLength(4_000);
    expect(attempts()).toBeLessThanOrEqual(apps.length * (2 + underWay));
    expect(tookMs).toBe(0);
  });

  test('some things, and is away for the rest, is given up as one that is away', async () => {
    const attempts = refuse('logs/bad-app/');
    store.script.push(...always(unavailable));
    const mixed = Array.from({ length: 100 }, (_, n) =>
      object(n, (n % 10 ? 'my-app' : 'bad-app') as AppName),
    );
    const { failed } = await storeAll(mixed);
    expect(failed).toHaveLength(100);
    expect(attempts() + store.attempts).toBeLessThan(20);
  });
});

test('one object that can’t be read holds back no other', async () => {
  const { outcomes, failed } = await storeAll(30, 30_000, ({ key }) => {
    if (key === object(3).key) throw new Error('EIO');
    return Buffer.from(key);
  });
  expect(failed).toEqual([object(3).key]);
  expect(outcomes[3]?.failure?.message).toBe('EIO');
});

test('a large object has the time that it takes over a slow line', async () => {
  const create = store.create.bind(store);
  store.create = async (key, body, signal) => {
    // 10 Mbit/s.
    await new Promise((resolve) => setTimeout(resolve, body.length / 1_250));
    if (signal.aborted) throw new StoreError('unavailable', 'given up');
    return create(key, body, signal);
  };
  const { failed } = await storeAll(1, 45_000, () => Buffer.alloc(16 * 1024 * 1024));
  expect(failed).toEqual([]);
});

test('once the time is used up nothing more is tried', async () => {
  const create = store.create.bind(store);
  store.create = async (...given) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    return create(...given);
  };
  const { outcomes, failed, tookMs } = await storeAll(40, 250);
  expect(tookMs).toBeLessThanOrEqual(300);
  expect(failed.length).toBeGreaterThan(0);
  const stored = outcomes.filter(({ failure }) => failure === undefined).map(({ object }) => object.key);
  expect(stored).not.toEqual([]);
  // One that was given up may arrive all the same.
  expect([...store.objects.keys()]).toEqual(expect.arrayContaining(stored));
  expect(store.objects.size).toBeLessThanOrEqual(stored.length + 4);
});
