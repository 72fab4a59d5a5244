import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { parseKey } from '../../../lib/archive/format/key.ts';
import type { SealedBatch } from '../../../lib/archive/format/seal.ts';
import { StoreError } from '../../../lib/archive/store/store.ts';
import type { Log } from '../../../lib/base/log.ts';
import { LedgerError } from '../../../lib/ledger/ledger.ts';
import type { QueuedMessage } from '../../../lib/spool/queue.ts';
import { type Archiver, archiveMessages } from '../../../lib/spool/sqs/archive-messages.ts';
import { archiveOf, readBack, seal, testApp, texts } from '../../support/batches.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { batch, message } from '../../support/messages.ts';
import { queued, queuedMember, RecordedPostponer } from '../../support/queued-messages.ts';
import { RecordedCounters } from '../../support/receiver.ts';

// Fake timers leave this module alone.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
}));

const hourMs = 3_600_000;
const t0 = Date.parse('2026-11-21T20:00:00Z');
const unavailable = new StoreError('unavailable', '503');
const budgetMs = 30_000;
const secret = 'topSecretContent';

interface Logged {
  readonly level: 'info' | 'warn' | 'error';
  readonly text: string;
}

class TestArchiver implements Archiver {
  readonly store = new MemoryArchive();
  readonly ledger = new MemoryLedger();
  readonly queue = new RecordedPostponer();
  readonly counters = new RecordedCounters();
  readonly logged: Logged[] = [];
  readonly log: Log;
  maxObjectBytes = 16 * 1024 * 1024;

  constructor() {
    const at = (level: Logged['level']) => (text: string, details?: object) =>
      void this.logged.push({ level, text: `${text} ${JSON.stringify(details)}` });
    this.log = { info: at('info'), warn: at('warn'), error: at('error') };
  }

  setAside(): unknown[] {
    return [...this.ledger.objects.values()].map(({ body }) => JSON.parse(String(body)) as unknown);
  }
}

let archiver: TestArchiver;
beforeEach(() => {
  vi.useFakeTimers({ now: t0 });
  archiver = new TestArchiver();
});
afterEach(() => {
  vi.useRealTimers();
});

async function archive(messages: readonly QueuedMessage[], budget = budgetMs): Promise<readonly string[]> {
  const staying = archiveMessages(archiver, messages, budget);
  await vi.runAllTimersAsync();
  return staying;
}

const sealAt = (text: string, at = t0, setup = {}): Promise<SealedBatch> =>
  seal(batch(message(text, at)), { frameId: text, receivedAt: t0, ...setup });
const sealMany = (count: number, stepMs = 1_000) =>
  Promise.all(Array.from({ length: count }, (_, n) => sealAt(`line ${n}`, t0 + n * stepMs)));

describe('messages', () => {
  test('become one object of the bytes that the receiver made, in order, and are counted', async () => {
    const sealed = await sealMany(3);
    vi.setSystemTime(t0 + 60_000);
    const messages = sealed.toReversed().map((each, n) => queuedMember(each, { sentAt: t0 + n * 1_000 }));
    expect(await archive(messages)).toEqual([]);
    expect([...archiver.store.objects.values()]).toEqual([Buffer.concat(sealed.map(({ member }) => member))]);
    expect(archiver.counters.samples).toEqual([
      {
        counts: {
          'archived-objects': 1,
          'archived-members': 3,
          'archived-bytes': sealed.reduce((sum, { member }) => sum + member.length, 0),
          'spool-copies': 0,
          'spool-age': 60_000,
        },
      },
    ]);
    expect(archiver.queue.postponed).toEqual([]);
  });

  test('of one batch alone become the object that direct delivery makes', async () => {
    const sealed = await sealAt('alone');
    await archive([queuedMember(sealed)]);
    expect([...archiver.store.objects]).toEqual([[sealed.key, sealed.member]]);
  });

  test('of several apps and hours become an object each', async () => {
    const sealed = [
      await sealAt('a'),
      await sealAt('b', t0 + hourMs, { receivedAt: t0 + hourMs }),
      await sealAt('c', t0, { app: 'other-app' }),
    ];
    expect(await archive(sealed.map((each) => queuedMember(each)))).toEqual([]);
    expect([...archiver.store.objects.keys()].sort()).toEqual(sealed.map(({ key }) => key).sort());
  });

  test('that come twice become one member, and both are done', async () => {
    const [a, b] = await sealMany(2);
    if (a === undefined || b === undefined) throw new Error('two batches');
    expect(await archive([a, b, a, a].map((each) => queuedMember(each)))).toEqual([]);
    expect(texts(await readBack(archiver.store))).toEqual(['line 0', 'line 1']);
    expect([...archiver.store.objects.values()]).toEqual([Buffer.concat([a.member, b.member])]);
    expect(archiver.counters.total('spool-copies')).toBe(2);
    expect(archiver.counters.total('archived-members')).toBe(2);
  });

  test('that come again in another company are shown once', async () => {
    const sealed = await sealMany(6);
    const all = sealed.map((each) => queuedMember(each));
    for (const run of [all.slice(0, 4), all.slice(2), all, all.toReversed(), all.slice(3, 4)]) {
      expect(await archive(run)).toEqual([]);
    }
    expect(texts(await readBack(archiver.store))).toEqual(texts(await readBack(archiveOf(...sealed))));
    expect(archiver.store.objects.size).toBe(4);
  });

  test('of which there are none, as in an empty event, change nothing', async () => {
    expect(await archive([])).toEqual([]);
    expect(archiver.store.attempts).toBe(0);
    expect(archiver.queue.postponed).toEqual([]);
    expect(archiver.logged).toEqual([]);
    for (const { counts } of archiver.counters.samples) {
      expect(Object.values(counts).every((count) => count === 0)).toBe(true);
    }
  });

  test('may be 10,000', async () => {
    const sealed = await sealMany(500, 7_000);
    const messages = Array.from({ length: 10_000 }, (_, n) => {
      const each = sealed[n % sealed.length];
      if (each === undefined) throw new Error('no batch');
      return queuedMember(each);
    });
    expect(await archive(messages)).toEqual([]);
    expect(texts(await readBack(archiver.store))).toHaveLength(500);
    expect(archiver.store.objects.size).toBe(1);
    expect(archiver.counters.total('spool-copies')).toBe(9_500);
  });

  test('are split over objects of the size that is configured', async () => {
    const sealed = await sealMany(9);
    archiver.maxObjectBytes = 3 * Math.max(...sealed.map(({ member }) => member.length));
    expect(await archive(sealed.map((each) => queuedMember(each)))).toEqual([]);
    expect(archiver.store.objects.size).toBe(3);
    expect(texts(await readBack(archiver.store))).toEqual(sealed.map((_, n) => `line ${n}`));
  });
});

describe('when the store fails', () => {
  test('for one object, only its messages stay, its copies among them', async () => {
    const good = await sealAt('good', t0);
    const bad = await sealAt('bad', t0 + hourMs, { receivedAt: t0 + hourMs });
    const create = archiver.store.create.bind(archiver.store);
    archiver.store.create = async (key, body, signal) => {
      if (key === bad.key) throw new StoreError('refused', 'not this one');
      return create(key, body, signal);
    };
    const stays = [queuedMember(bad), queuedMember(bad)];
    expect(await archive([queuedMember(good), ...stays])).toEqual(stays.map(({ id }) => id));
    expect([...archiver.store.objects.keys()]).toEqual([good.key]);
    expect(archiver.queue.postponed.map(({ id, receipt }) => ({ id, receipt }))).toEqual(
      stays.map(({ id, receipt }) => ({ id, receipt })),
    );
    expect(archiver.counters.total('left-in-spool')).toBe(2);
    expect(archiver.counters.total('archived-members')).toBe(1);
  });

  test('for all that one app has, the other apps are archived in the same run', async () => {
    const at = (n: number) => ({ receivedAt: t0 + n * hourMs });
    const bad = await Promise.all(
      Array.from({ length: 12 }, (_, n) => sealAt(`${n}`, t0 + n * hourMs, { ...at(n), app: 'bad-app' })),
    );
    const good = await Promise.all(
      Array.from({ length: 12 }, (_, n) => sealAt(`${n}`, t0 + n * hourMs, at(n))),
    );
    const create = archiver.store.create.bind(archiver.store);
    archiver.store.create = async (key, ...rest) => {
      if (key.startsWith('logs/bad-app/')) throw new StoreError('refused', 'AccessDenied');
      return create(key, ...rest);
    };
    const stays = bad.map((each) => queuedMember(each));
    expect(await archive([...stays, ...good.map((each) => queuedMember(each))])).toEqual(
      stays.map(({ id }) => id),
    );
    expect([...archiver.store.objects.keys()].sort()).toEqual(good.map(({ key }) => key).sort());
    expect(archiver.queue.postponed.map(({ id }) => id)).toEqual(stays.map(({ id }) => id));
  });

  test.each([
    ['is away', unavailable],
    ['asks for fewer requests', new StoreError('throttled', 'SlowDown')],
    ['refuses for good', new StoreError('refused', 'AccessDenied')],
    ['fails in a way nobody thought of', new TypeError('a bug') as StoreError],
  ])('because it %s, messages stay, are postponed by 15 to 30 s, and never set aside', async (_, failure) => {
    archiver.store.script.push(...Array(1_000).fill(failure));
    const messages = (await sealMany(5, hourMs / 2)).map((each) => queuedMember(each));
    expect(await archive(messages)).toHaveLength(5);
    expect(archiver.queue.postponed.map(({ id }) => id).sort()).toEqual(messages.map(({ id }) => id).sort());
    for (const { seconds } of archiver.queue.postponed) {
      expect(seconds).toBeGreaterThanOrEqual(15);
      expect(seconds).toBeLessThanOrEqual(30);
    }
    expect(archiver.ledger.calls).toEqual([]);
    archiver.store.script.splice(0);
    expect(await archive(messages)).toEqual([]);
    expect(texts(await readBack(archiver.store))).toHaveLength(5);
  });

  test('to say that it stored, the same run finds the object, and the messages are done', async () => {
    archiver.store.script.push('store, then lose the answer');
    const [sealed] = await sealMany(1);
    if (sealed === undefined) throw new Error('one batch');
    const create = archiver.store.create.bind(archiver.store);
    // It says that it failed at once, though it had stored.
    archiver.store.create = async (key, body, signal) => {
      archiver.store.create = create;
      archiver.store.script.splice(0);
      await create(key, body, signal);
      throw unavailable;
    };
    expect(await archive([queuedMember(sealed)])).toEqual([]);
    expect(archiver.store.objects.size).toBe(1);
  });

  test('for longer than there is time, it answers within its budget', async () => {
    archiver.store.script.push(...Array(1_000).fill('hang'));
    const messages = (await sealMany(40, hourMs)).map((each) => queuedMember(each));
    const started = performance.now();
    const staying = archiveMessages(archiver, messages, 2_000).then((ids) => ({
      ids,
      tookMs: performance.now() - started,
    }));
    await vi.runAllTimersAsync();
    const { ids, tookMs } = await staying;
    expect(ids).toHaveLength(40);
    expect(tookMs).toBeLessThanOrEqual(2_000);
  });

  test.each([0, -5, 0.4])(
    'a budget of %d ms leaves everything in the queue, also what is bad',
    async (budget) => {
      archiver.store.script.push(...Array(1_000).fill('hang'));
      archiver.ledger.fault = () => 'hang';
      const messages = [queuedMember(await sealAt('a')), queued('bad')];
      expect([...(await withRealTimers(() => archiveMessages(archiver, messages, budget)))].sort()).toEqual(
        messages.map(({ id }) => id).sort(),
      );
    },
  );
});

/** Fake timers leave AbortSignal.timeout alone. */
async function withRealTimers<T>(work: () => Promise<T>): Promise<T> {
  vi.useRealTimers();
  return work();
}

describe('a bad message', () => {
  test('is set aside whole while the rest goes on, counted, and told without what is in it', async () => {
    const sealed = await sealMany(3);
    const damaged = queuedMember(await sealAt(secret));
    const texts_ = [
      `${secret} \ud800 "quoted"\n`,
      damaged.text.replace('"member":"H4sI', '"member":"H4sJ'),
      '',
      '{}',
    ];
    const bad = texts_.map((text) => queued(text));
    const messages = [...bad.slice(0, 2), ...sealed.map((each) => queuedMember(each)), ...bad.slice(2)];
    expect(await archive(messages)).toEqual([]);
    expect(texts(await readBack(archiver.store))).toEqual(['line 0', 'line 1', 'line 2']);
    expect(archiver.setAside()).toEqual(
      bad.map(({ text }) => ({ v: 1, sent: '2026-11-21T20:00:00.000Z', why: expect.any(String), text })),
    );
    expect([...archiver.ledger.objects.keys()]).toEqual(
      bad.map(({ id }) => `set-aside/2026-11-21/${id}.json`),
    );
    expect(archiver.counters.total('set-aside')).toBe(4);
    const errors = archiver.logged.filter(({ level }) => level === 'error');
    expect(errors).toHaveLength(4);
    expect(JSON.stringify(archiver.logged)).not.toContain(secret);
  });

  test('that comes again is set aside once', async () => {
    const bad = queued('bad');
    expect(await archive([bad])).toEqual([]);
    expect(await archive([{ ...bad, receipt: 'another', receives: 2 }])).toEqual([]);
    expect(archiver.ledger.objects.size).toBe(1);
  });

  test('stays in the queue while the ledger fails, and holds back nothing else', async () => {
    archiver.ledger.fault = () => new LedgerError('away', true);
    const bad = queued(secret);
    expect(await archive([bad, queuedMember(await sealAt('good'))])).toEqual([bad.id]);
    expect(archiver.store.objects.size).toBe(1);
    expect(archiver.queue.postponed.map(({ id }) => id)).toEqual([bad.id]);
    expect(JSON.stringify(archiver.logged)).not.toContain(secret);
    archiver.ledger.fault = () => undefined;
    expect(await archive([bad])).toEqual([]);
    expect(archiver.setAside()).toHaveLength(1);
  });

  test('stays in the queue when the ledger does not say that it has it', async () => {
    archiver.ledger.fault = () => 'carry out, then fail';
    const bad = queued('bad');
    expect(await archive([bad])).toEqual([bad.id]);
    archiver.ledger.fault = () => undefined;
    expect(await archive([bad])).toEqual([]);
    expect(archiver.setAside()).toHaveLength(1);
  });

  test('stays in the queue when the ledger hangs, and the rest is done in time', async () => {
    archiver.ledger.fault = () => 'hang';
    const bad = queued('bad');
    const good = queuedMember(await sealAt('good'));
    expect(await withRealTimers(() => archiveMessages(archiver, [bad, good], 50))).toEqual([bad.id]);
    expect(archiver.store.objects.size).toBe(1);
  });
});

describe('what goes wrong beside it', () => {
  test('messages that can’t be postponed stay all the same', async () => {
    archiver.queue.fail = new Error('no such queue');
    archiver.store.script.push(...Array(1_000).fill(unavailable));
    const stays = queuedMember(await sealAt('a'));
    expect(await archive([stays])).toEqual([stays.id]);
  });

  test('counters that fail change nothing: what is done is done, what stays is postponed', async () => {
    archiver.counters.record = () => {
      throw new Error('no counting today');
    };
    const good = queuedMember(await sealAt('a'));
    expect(await archive([good, queued('bad')])).toEqual([]);
    expect(archiver.setAside()).toHaveLength(1);
    archiver.store.script.push(...Array(1_000).fill(unavailable));
    expect(await archive([good])).toEqual([good.id]);
    expect(archiver.queue.postponed.map(({ id }) => id)).toEqual([good.id]);
  });
});

test('no object is ever made of what the spool did not hold', async () => {
  const sealed = await sealMany(4);
  await archive([...sealed.map((each) => queuedMember(each)), queued('bad')]);
  const raws = new Set(sealed.map(({ member }) => gunzipSync(member).toString('latin1')));
  for (const [key, body] of archiver.store.objects) {
    expect(parseKey(key)?.app).toBe(testApp);
    expect(gunzipSync(body).toString('latin1')).toBe([...raws].join(''));
  }
});

test('a fault that nobody thought of leaves every message in the queue, and says so', async () => {
  const [one] = await sealMany(1);
  if (one === undefined) throw new Error('there is one');
  const good = queuedMember(one);
  const odd: QueuedMessage = Object.defineProperty({ ...good, id: 'odd' }, 'text', {
    get: () => {
      throw new TypeError('a bug');
    },
  });
  expect(await archive([good, odd])).toEqual([good.id, 'odd']);
  expect(archiver.setAside()).toEqual([]);
  expect(archiver.logged).toEqual([
    { level: 'error', text: expect.stringMatching(/^messages could not be archived; they stay/) },
  ]);
});
