import { beforeEach, describe, expect, test, vi } from 'vitest';
import { CachedRegistry } from '../../../lib/drains/cached-registry.ts';
import type { MemoryParameters } from '../../support/memory-parameters.ts';
import { silentLog, testParameters } from '../../support/receiver.ts';

let now: number;
let steadyNow: number;
let parameters: MemoryParameters;
let cache: CachedRegistry;

beforeEach(() => {
  now = Date.UTC(2026, 10, 21);
  parameters = testParameters();
  steadyNow = 0;
  cache = new CachedRegistry(parameters, silentLog, { now: () => now, steadyNow: () => steadyNow });
});

const down = new Error('down');

describe('to accept by', () => {
  test('is read once a minute', async () => {
    await cache.current();
    now += 60_000;
    await cache.current();
    expect(parameters.lists).toBe(1);
    now += 1;
    await cache.current();
    expect(parameters.lists).toBe(2);
  });

  test('many requests share one reading', async () => {
    await Promise.all(Array.from({ length: 50 }, () => cache.current()));
    expect(parameters.lists).toBe(1);
  });

  test('is served old when it can’t be read, and not asked for again at every request', async () => {
    const first = await cache.current();
    parameters.fail = down;
    now += 3600_000;
    expect(await cache.current()).toBe(first);
    const lists = parameters.lists;
    expect(await cache.current()).toBe(first);
    expect(parameters.lists).toBe(lists);
    now += 5_000;
    parameters.fail = undefined;
    expect(await cache.current()).not.toBe(first);
  });

  test('is served old when it takes too long, and the late answer is kept for the next', async () => {
    const first = await cache.current();
    const { promise, resolve } = Promise.withResolvers<void>();
    parameters.hold = promise;
    now += 61_000;
    expect(await cache.current()).toBe(first);
    resolve();
    await vi.waitFor(async () => expect(await cache.current()).not.toBe(first));
    expect(parameters.lists).toBe(2);
  });

  test('is swapped in whole: a reading that fails half-way changes nothing', async () => {
    const first = await cache.current();
    parameters.values.clear();
    parameters.fail = down;
    now += 61_000;
    expect((await cache.current())?.secrets).toEqual(first?.secrets);
  });

  test('there is none while nothing could ever be read; the next request tries again', async () => {
    parameters.fail = down;
    expect(await cache.current()).toBeUndefined();
    parameters.fail = undefined;
    expect((await cache.current())?.secrets).toHaveLength(2);
  });

  test('a failure that passes within the request is not noticed', async () => {
    parameters.fail = down;
    const waiting = cache.current();
    await vi.waitFor(() => expect(parameters.lists).toBeGreaterThan(0));
    parameters.fail = undefined;
    expect((await waiting)?.secrets).toHaveLength(2);
  });

  test('a clock that is set back makes it old, not young for ever', async () => {
    await cache.current();
    now -= 3600_000;
    await cache.current();
    expect(parameters.lists).toBe(2);
  });
});

describe('to refuse by', () => {
  test('is not taken for a new one by a clock that was set back to just after it was read', async () => {
    const old = await cache.current();
    now += 200_000 - 199_000;
    steadyNow += 200_000;
    expect(await cache.currentToRefuse()).not.toBe(old);
  });

  test('is at most five seconds old', async () => {
    await cache.current();
    now += 5_000;
    await cache.currentToRefuse();
    expect(parameters.lists).toBe(1);
    now += 1;
    await cache.currentToRefuse();
    expect(parameters.lists).toBe(2);
  });

  test('there is none when it can’t be read: an old one refuses nobody', async () => {
    await cache.current();
    parameters.fail = down;
    now += 5_001;
    expect(await cache.currentToRefuse()).toBeUndefined();
  });

  test('a flood shares its readings', async () => {
    await cache.current();
    now += 5_001;
    await Promise.all(Array.from({ length: 500 }, () => cache.currentToRefuse()));
    expect(parameters.lists).toBe(2);
  });
});

describe('to refuse by, where fetching is cheap', () => {
  beforeEach(() => {
    cache = new CachedRegistry(parameters, silentLog, { now: () => now, cheapToFetch: true });
  });

  test('is fetched anew, however young the last one is', async () => {
    await cache.current();
    parameters.values.delete('drains/secrets/bound-1');
    expect((await cache.currentToRefuse())?.secrets).toHaveLength(1);
    expect(parameters.lists).toBe(2);
  });

  test('is not one whose fetch was under way before', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    parameters.hold = promise;
    const first = cache.current();
    parameters.values.delete('drains/secrets/bound-1');
    const later = cache.currentToRefuse();
    resolve();
    expect((await first)?.secrets).toHaveLength(2);
    expect((await later)?.secrets).toHaveLength(1);
  });

  test('is shared by a flood', async () => {
    await cache.current();
    await Promise.all(Array.from({ length: 500 }, () => cache.currentToRefuse()));
    // The first one's reading began before the others came: they share the next.
    expect(parameters.lists).toBe(3);
  });
});
