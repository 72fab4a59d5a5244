import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { StoreError } from '../../../lib/archive/store/store.ts';
import type { CounterName } from '../../../lib/metrics/counters.ts';
import { decodeMessage, encodeMessage } from '../../../lib/spool/message.ts';
import { MemorySpool } from '../../support/memory-spool.ts';
import { batch, message, overflow } from '../../support/messages.ts';
import { ReceiverHarness } from '../../support/receiver.ts';

// Fake timers leave this module alone.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
}));

const unavailable = new StoreError('unavailable', '503');
const always = <T>(step: T): T[] => Array<T>(1_000).fill(step);

let spool: MemorySpool;
beforeEach(() => {
  spool = new MemorySpool();
});
afterEach(() => {
  vi.useRealTimers();
});

function totals(receiver: ReceiverHarness, ...names: readonly CounterName[]): number[] {
  return names.map((name) => receiver.counters.total(name));
}

const hello = () => batch(message('hello'));

describe('while the store fails, a batch', () => {
  test('is acknowledged once the spool holds its member under its key, and counts as a batch and as spooled', async () => {
    const receiver = new ReceiverHarness({ spool });
    receiver.store.script.push(...always(unavailable));
    const body = batch(overflow(7), message('one'), message('two'));
    expect(await receiver.post(body, { 'logplex-msg-count': '3' })).toEqual({ status: 200 });
    expect(receiver.store.objects.size).toBe(0);
    const [held] = spool.held;
    if (held === undefined) throw new Error('nothing was spooled');
    expect(decodeMessage(encodeMessage(held)).key).toBe(held.key);
    expect(receiver.counters.samples).toContainEqual({
      app: 'my-app',
      secretId: 'shared-1',
      counts: {
        batches: 1,
        messages: 3,
        bytes: body.length,
        'stored-bytes': held.member.length,
        'loss-notices': 1,
        'messages-lost': 7,
        latency: expect.any(Number),
        spooled: 1,
      },
    });
    expect(totals(receiver, 'store-circuit-opened', 'undelivered', 'duplicates')).toEqual([1, 0, 0]);
  });

  test('has the key that it would have had in the store', async () => {
    const receiver = new ReceiverHarness({ spool });
    const body = hello();
    receiver.store.script.push(...always(unavailable));
    await receiver.post(body);
    receiver.store.script.splice(0);
    const direct = new ReceiverHarness();
    await direct.post(body);
    expect(spool.held.map(({ key }) => key)).toEqual([...direct.store.objects.keys()]);
  });

  test('gets 503 and counts as undelivered when the spool fails as well', async () => {
    const receiver = new ReceiverHarness({ spool });
    receiver.store.script.push(...always(unavailable));
    spool.script.push(...always(unavailable));
    const startedAt = Date.now() - 3_500;
    expect(await receiver.post(hello(), {}, { startedAt })).toEqual({ status: 503 });
    expect(totals(receiver, 'undelivered', 'batches', 'spooled', 'duplicates')).toEqual([1, 0, 0, 0]);
  });

  test('gets 503 when it is too large for the spool, and its counters say so', async () => {
    const receiver = new ReceiverHarness({ spool });
    spool.maxMemberBytes = 10;
    receiver.store.script.push(...always(unavailable));
    const startedAt = Date.now() - 3_500;
    expect(await receiver.post(hello(), {}, { startedAt })).toEqual({ status: 503 });
    expect(spool.attempts).toBe(0);
    expect(totals(receiver, 'undelivered')).toEqual([1]);
  });
});

describe('buffered', () => {
  test('a batch is acknowledged by the spool, and the store is left alone', async () => {
    const receiver = new ReceiverHarness({ mode: 'buffered', spool });
    expect(await receiver.post(hello())).toEqual({ status: 200 });
    expect(receiver.store.attempts).toBe(0);
    expect(spool.held).toHaveLength(1);
    expect(totals(receiver, 'batches', 'spooled')).toEqual([1, 1]);
  });

  test('the same batch again is spooled again: who reads the archive sees it once', async () => {
    const receiver = new ReceiverHarness({ mode: 'buffered', spool });
    const body = hello();
    await receiver.post(body, { 'logplex-frame-id': 'a' });
    await receiver.post(body, { 'logplex-frame-id': 'a' });
    expect(new Set(spool.held.map(({ key }) => key)).size).toBe(1);
    expect(totals(receiver, 'batches', 'duplicates')).toEqual([2, 0]);
  });

  test('the store takes a batch while the spool fails, and knows one that it has', async () => {
    const receiver = new ReceiverHarness({ mode: 'buffered', spool });
    spool.script.push(...always(unavailable));
    const body = hello();
    expect(await receiver.post(body)).toEqual({ status: 200 });
    expect(await receiver.post(body)).toEqual({ status: 200 });
    expect(receiver.store.objects.size).toBe(1);
    // The spool opened its circuit with the first batch, so nothing but the store had the second.
    expect(totals(receiver, 'batches', 'spooled', 'duplicates', 'spool-circuit-opened')).toEqual([
      1, 0, 1, 1,
    ]);
  });

  test('what is counted as stored is what was stored, also when its memory was given back', async () => {
    const receiver = new ReceiverHarness({
      mode: 'buffered',
      spool: Object.assign(spool, { releasable: true as const }),
    });
    const body = batch(...Array.from({ length: 500 }, (_, n) => message(`line ${n} ${Math.random()}`)));
    await receiver.post(body);
    expect(totals(receiver, 'stored-bytes')).toEqual([spool.held[0]?.member.length]);
  });
});

describe.each(['direct', 'buffered'] as const)('%s, the answer', (mode) => {
  test.each([
    ['set back by an hour', -3_600_000],
    ['set ahead by an hour', 3_600_000],
  ])('comes within 4 s also when the clock was %s while the body came in', async (_, jumpMs) => {
    vi.useFakeTimers();
    const receiver = new ReceiverHarness({ mode, spool });
    receiver.store.script.push(...always<'hang'>('hang'));
    spool.script.push(...always<'hang'>('hang'));
    const started = performance.now();
    const answer = receiver.post(async () => {
      vi.setSystemTime(Date.now() + jumpMs);
      return hello();
    });
    await answeredWithin(answer, 4_000 - (performance.now() - started));
    expect(await answer).toEqual({ status: 503 });
  });
});

/** Lets the fake clock run for so long, with real time for what zlib does meanwhile. */
async function answeredWithin(answer: Promise<unknown>, ms: number): Promise<void> {
  let settled = false;
  answer.finally(() => {
    settled = true;
  });
  for (let at = 0; at < ms && !settled; at += 50) {
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(settled).toBe(true);
}

test('a switch that can’t be counted loses no batch', async () => {
  const receiver = new ReceiverHarness({ spool });
  receiver.counters.record = () => {
    throw new Error('no counting today');
  };
  receiver.store.script.push(...always(unavailable));
  expect(await receiver.post(hello())).toEqual({ status: 200 });
  expect(spool.held).toHaveLength(1);
});
