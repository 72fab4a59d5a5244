import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { StoreError } from '../../../lib/archive/store/store.ts';
import { batch, message } from '../../support/messages.ts';
import { ReceiverHarness } from '../../support/receiver.ts';
import { onlyBatch } from '../../support/stored-batches.ts';

let receiver: ReceiverHarness;
beforeEach(() => {
  receiver = new ReceiverHarness();
});
const stored = () => onlyBatch(receiver.store.objects);
const hello = batch(message('hello'));

describe('a store that fails', () => {
  test.each([
    ['is unavailable', new StoreError('unavailable', '500')],
    ['is throttling', new StoreError('throttled', '503')],
    ['has another write to the key', new StoreError('conflict', '409')],
  ])('and %s is tried again inside the request', async (_, failure) => {
    receiver.store.script.push(failure, failure);
    expect(await receiver.post(hello)).toEqual({ status: 200 });
    expect(receiver.store.attempts).toBe(3);
    expect(stored().raw).toEqual(hello);
    expect(receiver.counters.total('batches')).toBe(1);
  });

  test('to answer is given up on, and tried again', async () => {
    receiver.store.script.push('hang');
    expect(await receiver.post(hello)).toEqual({ status: 200 });
    expect(receiver.store.attempts).toBe(2);
  });

  test('to say that it stored is asked again: what it then has is our own, and no duplicate', async () => {
    receiver.store.script.push('store, then lose the answer');
    expect(await receiver.post(hello)).toEqual({ status: 200 });
    expect(receiver.counters.total('batches')).toBe(1);
    expect(receiver.counters.total('duplicates')).toBe(0);
  });

  test('for good gets 503 and counts as undelivered', async () => {
    receiver.store.script.push(...Array(20).fill(new StoreError('refused', 'no such bucket')));
    expect(await receiver.post(hello, {}, { startedAt: Date.now() - 3_500 })).toEqual({ status: 503 });
    expect(receiver.counters.samples).toEqual([{ app: 'my-app', counts: { undelivered: 1 } }]);
    expect(receiver.store.objects.size).toBe(0);
  });

  test('all the time gets 503 before the sender gives up', async () => {
    receiver.store.script.push(...Array<'hang'>(20).fill('hang'));
    const giveUp = new Promise((resolve) => setTimeout(resolve, 4_000, 'no answer within 4 s'));
    expect(await Promise.race([receiver.post(hello), giveUp])).toEqual({ status: 503 });
  });

  test('gets a chance also when a cold start has used the time up', async () => {
    const create = receiver.store.create.bind(receiver.store);
    receiver.store.create = async (...given) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return create(...given);
    };
    expect(await receiver.post(hello, {}, { startedAt: Date.now() - 6_000 })).toEqual({ status: 200 });
  });

  test('in a way nobody thought of gets 503', async () => {
    receiver.store.create = () => Promise.reject(new TypeError('a bug'));
    expect(await receiver.post(hello, {}, { startedAt: Date.now() - 3_900 })).toEqual({ status: 503 });
    expect(receiver.counters.total('undelivered')).toBe(1);
  });
});

describe('the memory of a large member', () => {
  const large = batch(message(randomBytes(200_000).toString('hex')));
  /** A store that keeps what it is given, and lets its first attempts hang. */
  function keepingStore(releasable: boolean, hanging: number) {
    const given: Buffer[] = [];
    const create = async (_key: string, member: Buffer): Promise<'created'> => {
      given.push(member);
      return given.length > hanging ? 'created' : new Promise(() => undefined);
    };
    return { given, store: { create, ...(releasable ? { releasable } : {}) } };
  }

  test.each([
    ['is given back when the store is done with it', true, 0, 1],
    ['is kept while the store may still be sending', false, 0, 0],
    ['is kept while an attempt that was given up may still be reading', true, 1, 0],
  ])('%s', async (_, releasable, hanging, givenBack) => {
    const { given, store } = keepingStore(releasable, hanging);
    Object.assign(receiver, { store });
    expect(await receiver.post(large)).toEqual({ status: 200 });
    expect(given).toHaveLength(hanging + 1);
    expect(given.filter(({ length }) => length === 0)).toHaveLength(givenBack);
    expect(receiver.counters.total('stored-bytes')).toBeGreaterThan(100_000);
  });
});
