import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { objectKey } from '../../../lib/archive/format/key.ts';
import { StoreError } from '../../../lib/archive/store/store.ts';
import {
  type Delivered,
  Delivery,
  DeliveryError,
  type DeliveryMode,
  type DeliveryOptions,
} from '../../../lib/receiver/delivery.ts';
import { testApp } from '../../support/batches.ts';
import { MemoryArchive, type Step } from '../../support/memory-archive.ts';
import { MemorySpool, type SpoolStep } from '../../support/memory-spool.ts';

// Fake timers leave this module alone.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
}));

const answerMs = 3_900;
const key = objectKey({
  app: testApp,
  epochMs: 1_795_294_367_822,
  uuid: 'f6af5ed1-ea9a-8792-a5e4-f26dbf0eb679',
});
const member = Buffer.from('a member');
const modes: readonly DeliveryMode[] = ['direct', 'buffered'];

const unavailable = new StoreError('unavailable', '503');
const refused = new StoreError('refused', '403');
/** More of one step than any delivery makes attempts. */
const always = <T>(step: T): T[] => Array<T>(1_000).fill(step);

let store: MemoryArchive;
let spool: MemorySpool;
let switches: string[];
beforeEach(() => {
  vi.useFakeTimers();
  store = new MemoryArchive();
  spool = new MemorySpool();
  switches = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function delivery(mode: DeliveryMode, options: Partial<DeliveryOptions> = {}): Delivery {
  const onSwitch: DeliveryOptions['onSwitch'] = (path, to) => switches.push(`${path} ${to}`);
  return new Delivery({ mode, store, spool, onSwitch, ...options });
}

interface Ended {
  readonly delivered?: Delivered;
  readonly error?: unknown;
  readonly tookMs: number;
}

/** How a delivery ends, and when, by the fake clock. */
async function deliver(by: Delivery, leftMs = answerMs, bytes = member): Promise<Ended> {
  const started = performance.now();
  const ended = by.deliver({ key, member: bytes }, leftMs).then(
    (delivered) => ({ delivered, tookMs: performance.now() - started }),
    (error: unknown) => ({ error, tookMs: performance.now() - started }),
  );
  await vi.runAllTimersAsync();
  return ended;
}

/** Attempts made at store and spool by `work`. */
async function attemptsOf(work: () => Promise<unknown>): Promise<{ store: number; spool: number }> {
  const before = { store: store.attempts, spool: spool.attempts };
  await work();
  return { store: store.attempts - before.store, spool: spool.attempts - before.spool };
}

/** What the path that comes first, and the other, does from now on. */
function script(
  mode: DeliveryMode,
  first: readonly (Step & SpoolStep)[],
  second: readonly (Step & SpoolStep)[],
) {
  const [preferred, other] = mode === 'direct' ? [store, spool] : [spool, store];
  preferred.script.splice(0, Infinity, ...first);
  other.script.splice(0, Infinity, ...second);
}

describe('while both work', () => {
  test.each([
    ['direct', 'store', { store: 1, spool: 0 }],
    ['buffered', 'spool', { store: 0, spool: 1 }],
  ] as const)('%s delivery takes the %s, and leaves the other alone', async (mode, path, attempts) => {
    const by = delivery(mode);
    expect(
      await attemptsOf(async () => {
        expect((await deliver(by)).delivered).toEqual({ path, duplicate: false, releasable: false });
      }),
    ).toEqual(attempts);
    const held = mode === 'direct' ? store.objects.get(key) : spool.held[0]?.member;
    expect(held).toEqual(member);
  });

  test('a member too large for the spool goes to the store', async () => {
    spool.maxMemberBytes = member.length - 1;
    expect((await deliver(delivery('buffered'))).delivered?.path).toBe('store');
    expect(spool.attempts).toBe(0);
    spool.maxMemberBytes = member.length;
    expect((await deliver(delivery('buffered'))).delivered?.path).toBe('spool');
  });
});

describe.each(modes)('%s delivery, when the path that comes first', (mode) => {
  const [first, other] = mode === 'direct' ? (['store', 'spool'] as const) : (['spool', 'store'] as const);

  test.each([
    ['fails at once', unavailable, 1_000],
    ['refuses', refused, 100],
    ['hangs', 'hang', 1_001],
    ['fails in a way nobody thought of', new TypeError('a bug') as StoreError, 1_000],
  ] as const)('%s, takes the other in time', async (_, step, withinMs) => {
    script(mode, always(step as Step & SpoolStep), []);
    const { delivered, tookMs } = await deliver(delivery(mode));
    expect(delivered?.path).toBe(other);
    expect(tookMs).toBeLessThanOrEqual(withinMs);
  });

  test('fails once, tries it again and stays with it', async () => {
    script(mode, [unavailable], []);
    expect((await deliver(delivery(mode))).delivered?.path).toBe(first);
    expect(switches).toEqual([]);
  });

  test('says that another write is under way, tries it again, and never avoids it for that', async () => {
    script(mode, [new StoreError('conflict', '409'), new StoreError('conflict', '409')], []);
    expect((await deliver(delivery(mode))).delivered?.path).toBe(first);
    script(mode, always(new StoreError('conflict', '409')), []);
    expect((await deliver(delivery(mode))).delivered?.path).toBe(other);
    expect(switches).toEqual([]);
  });

  test('is away for long, pays for it once an interval and not once a batch', async () => {
    const by = delivery(mode);
    script(mode, always('hang'), []);
    const opening = await deliver(by);
    expect(opening.tookMs).toBeGreaterThan(500);
    const slow: number[] = [];
    let made = 0;
    // A batch every 100 ms, for 10 s.
    const attempts = await attemptsOf(async () => {
      for (; made < 100; made += 1) {
        const { delivered, tookMs } = await deliver(by);
        expect(delivered?.path).toBe(other);
        if (tookMs > 1) slow.push(tookMs);
        await vi.advanceTimersByTimeAsync(Math.max(0, 100 - tookMs));
      }
    });
    expect(attempts[first]).toBe(slow.length);
    expect(slow.length).toBeGreaterThanOrEqual(1);
    expect(slow.length).toBeLessThanOrEqual(3);
    expect(Math.max(...slow)).toBeLessThanOrEqual(500);
    expect(switches).toEqual([`${first} opened`]);
  });

  test('comes back, uses it again within an interval', async () => {
    const by = delivery(mode);
    script(mode, always('hang'), []);
    await deliver(by);
    script(mode, [], []);
    expect((await deliver(by)).delivered?.path).toBe(other);
    await vi.advanceTimersByTimeAsync(5_000);
    expect((await deliver(by)).delivered?.path).toBe(first);
    expect((await deliver(by)).delivered?.path).toBe(first);
    expect(switches).toEqual([`${first} opened`, `${first} closed`]);
  });

  test('stores without saying so, leaves the batch in both, and never calls it a duplicate', async () => {
    const late = mode === 'direct' ? 'store, then lose the answer' : 'hold, then lose the answer';
    script(mode, [late as Step & SpoolStep], []);
    const { delivered } = await deliver(delivery(mode));
    expect(delivered).toEqual({ path: other, duplicate: false, releasable: false });
    expect([...store.objects.keys()]).toEqual([key]);
    expect(spool.held).toEqual([{ key, member }]);
  });
});

describe.each(modes)('%s delivery, when neither path works', (mode) => {
  test.each([
    ['both hang', 'hang', 'hang'],
    ['both fail at once', unavailable, unavailable],
    ['both refuse', refused, refused],
    ['one refuses and one hangs', refused, 'hang'],
    ['one hangs and one refuses', 'hang', refused],
  ] as const)(
    'because %s, gives up after about 4 s and not before: its sender has only three tries',
    async (_, a, b) => {
      script(mode, always(a as Step & SpoolStep), always(b as Step & SpoolStep));
      const by = delivery(mode);
      for (const round of ['at first', 'again', 'a third time', 'once both are avoided']) {
        const { error, tookMs } = await deliver(by);
        expect(error, round).toBeInstanceOf(DeliveryError);
        expect(tookMs, round).toBeGreaterThan(answerMs - 600);
        expect(tookMs, round).toBeLessThanOrEqual(answerMs + 100);
      }
      expect(switches.sort()).toEqual(['spool opened', 'store opened']);
    },
  );

  test.each(['store', 'spool'] as const)('and the %s comes back while it tries, takes it', async (path) => {
    const back = path === 'store' ? store : spool;
    store.script.push(...always(refused));
    spool.script.push(...always(refused));
    setTimeout(() => back.script.splice(0), 2_000);
    const { delivered, tookMs } = await deliver(delivery(mode));
    expect(delivered?.path).toBe(path);
    expect(tookMs).toBeGreaterThanOrEqual(2_000);
    expect(switches).not.toContain(`${path} closed`);
  });

  test('and both are avoided, still tries both before it gives a batch up', async () => {
    const by = delivery(mode);
    script(mode, always('hang'), always('hang'));
    await deliver(by);
    expect(switches).toHaveLength(2);
    script(mode, always('hang'), []);
    const { delivered } = await deliver(by);
    expect(delivered?.path).toBe(mode === 'direct' ? 'spool' : 'store');
    expect(switches, 'a success closes its circuit, whoever had it').toHaveLength(3);
  });

  test('and the time is used up before it starts, each still gets its least', async () => {
    const by = delivery(mode);
    script(mode, always('hang'), always('hang'));
    for (const round of ['at first', 'once both are avoided']) {
      const attempts = await attemptsOf(async () => {
        const { error, tookMs } = await deliver(by, -2_000);
        expect(error).toBeInstanceOf(DeliveryError);
        expect(tookMs, round).toBeCloseTo(1_500, -1);
      });
      expect(attempts, round).toEqual({ store: 1, spool: 1 });
    }
  });
});

test.each([
  [1_400, 500],
  [1_800, 800],
  [2_000, 1_000],
])(
  'with %i ms left, a store that hangs is given up after %i, and leaves the spool its share',
  async (left, after) => {
    store.script.push(...always<Step>('hang'));
    const { delivered, tookMs } = await deliver(delivery('direct'), left);
    expect(delivered?.path).toBe('spool');
    expect(tookMs).toBeCloseTo(after, -1);
  },
);

test.each([
  ['direct', 'spool', 2_500],
  ['buffered', 'store', 1_500],
] as const)('%s delivery of a large member leaves it to the %s after %i ms', async (mode, other, after) => {
  spool.maxMemberBytes = Number.POSITIVE_INFINITY;
  script(mode, always('hang'), []);
  const { delivered, tookMs } = await deliver(delivery(mode), answerMs, Buffer.alloc(8_000_000));
  expect(delivered?.path).toBe(other);
  expect(tookMs).toBeCloseTo(after, -1);
});

test('a member that only the store takes gets all the time, also while the store is avoided', async () => {
  spool.maxMemberBytes = 0;
  store.script.push(...always<Step>('hang'));
  const by = delivery('buffered');
  await deliver(by);
  const { error, tookMs } = await deliver(by);
  expect(error).toBeInstanceOf(DeliveryError);
  expect(tookMs).toBeGreaterThan(answerMs - 600);
  store.script.splice(0);
  expect((await deliver(by)).delivered?.path).toBe('store');
});

test('a spool that takes 900 ms is waited for when a cold start has used the time up', async () => {
  store.script.push(...always<Step>('hang'));
  const put = spool.put.bind(spool);
  spool.put = async (spooled, signal) => {
    await new Promise((resolve) => setTimeout(resolve, 900));
    return put(spooled, signal);
  };
  expect((await deliver(delivery('direct'), -10_000)).delivered?.path).toBe('spool');
});

test('what is said of neither path shows what is in the batch', async () => {
  script('direct', always(refused), always(unavailable));
  const { error } = await deliver(delivery('direct'));
  expect(String(error)).toBe('DeliveryError: neither store nor spool took it: 403; 503');
});

describe('the memory of a member', () => {
  /** Direct delivery between adapters that are, or are not, done with a member when they say so. */
  const releasing = (ofStore: boolean, ofSpool: boolean) => {
    if (ofStore) Object.assign(store, { releasable: true });
    if (ofSpool) Object.assign(spool, { releasable: true });
    return delivery('direct');
  };

  test.each([
    ['may go when the one that took it is done', true, false, [], [], true],
    ['stays when the one that took it may still be sending', false, true, [], [], false],
    ['stays when an attempt was given up', true, true, ['hang'], [], false],
    ['stays when an attempt failed', true, true, [unavailable], [], false],
    ['stays when the first path was given up and the other took it', true, true, always('hang'), [], false],
    ['stays when the first path failed and the other took it', true, true, always(unavailable), [], false],
  ] as const)('%s', async (_, ofStore, ofSpool, first, second, releasable) => {
    script('direct', first as readonly (Step & SpoolStep)[], second);
    expect((await deliver(releasing(ofStore, ofSpool))).delivered?.releasable).toBe(releasable);
  });

  test.each([true, false])(
    'goes by the path that took it when the other is avoided: %s',
    async (releasable) => {
      const by = releasing(!releasable, releasable);
      store.script.push(...always(unavailable));
      await deliver(by);
      const { delivered } = await deliver(by);
      expect(delivered).toEqual({ path: 'spool', duplicate: false, releasable });
    },
  );
});

describe('a duplicate', () => {
  test('is what the store had before the first attempt', async () => {
    const by = delivery('direct');
    await deliver(by);
    expect((await deliver(by)).delivered?.duplicate).toBe(true);
  });

  test('is not what an earlier attempt of the same delivery stored', async () => {
    store.script.push('store, then lose the answer', 'store');
    spool.script.push(...always(refused));
    const { delivered } = await deliver(delivery('direct'));
    expect(delivered).toEqual({ path: 'store', duplicate: false, releasable: false });
  });

  test('is not known once a spool may have brought it there', async () => {
    store.objects.set(key, member);
    spool.script.push(...always<SpoolStep>('hold, then lose the answer'));
    expect((await deliver(delivery('buffered'))).delivered).toEqual({
      path: 'store',
      duplicate: false,
      releasable: false,
    });
  });
});

describe.each(modes)('%s delivery with a listener that throws', (mode) => {
  test('loses no batch', async () => {
    const by = delivery(mode, {
      onSwitch: () => {
        throw new Error('no listening today');
      },
    });
    script(mode, always(unavailable), []);
    expect((await deliver(by)).error).toBeUndefined();
    script(mode, [], []);
    await vi.advanceTimersByTimeAsync(5_000);
    const attempts = await attemptsOf(async () => expect((await deliver(by)).error).toBeUndefined());
    expect(attempts.store + attempts.spool).toBe(1);
  });
});

test('deliveries side by side share what one of them learns', async () => {
  const by = delivery('direct');
  store.script.push(...always<Step>('hang'));
  const together = Array.from({ length: 20 }, (_, n) =>
    by.deliver({ key, member: Buffer.from(`${n}`) }, answerMs),
  );
  await vi.runAllTimersAsync();
  expect((await Promise.all(together)).every(({ path }) => path === 'spool')).toBe(true);
  expect(store.attempts, 'none of them tried twice').toBe(20);
  expect(switches).toEqual(['store opened']);
});
