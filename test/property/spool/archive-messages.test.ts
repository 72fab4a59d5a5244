import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { walkMembers } from '../../../lib/archive/format/member.ts';
import type { SealedBatch } from '../../../lib/archive/format/seal.ts';
import { type ArchiveWriter, StoreError } from '../../../lib/archive/store/store.ts';
import { type Ledger, LedgerError } from '../../../lib/ledger/ledger.ts';
import type { MessagePostponer, QueuedMessage } from '../../../lib/spool/queue.ts';
import { archiveMessages } from '../../../lib/spool/sqs/archive-messages.ts';
import { archiveOf, readBack, seal, testToken } from '../../support/batches.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { batch, message } from '../../support/messages.ts';
import { queued, queuedMember } from '../../support/queued-messages.ts';
import { RecordedCounters, silentLog } from '../../support/receiver.ts';

// Fake timers leave this module alone.
vi.mock('node:timers/promises', () => ({
  setTimeout: (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
}));

const second = 1_000;
/** An hour of the clock ends among the batches. */
const t0 = Date.parse('2026-11-21T20:59:50Z');

let sealed: readonly SealedBatch[];
beforeAll(async () => {
  sealed = await Promise.all(
    Array.from({ length: 6 }, (_, n) =>
      seal(batch(message(`batch ${n}`, t0 + n * 3 * second)), { token: testToken, frameId: `frame ${n}` }),
    ),
  );
});
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** What becomes of one effect of the archiver on the world. */
const fates = ['works', 'fails', 'works, then fails', 'killed before', 'killed after'] as const;
type Fate = (typeof fates)[number];
const anyFate = fc.constantFrom(...fates);

/** Which messages a run gets, in which order, what becomes of its effects, and whether its answer arrives. */
const anyRun = fc.record({
  order: fc.array(fc.nat({ max: 15 }), { maxLength: 12 }),
  fates: fc.oneof(
    fc.array(anyFate, { maxLength: 12 }),
    // One failure is tried again at once: only several have a consequence.
    fc
      .record({ well: fc.nat({ max: 3 }), after: anyFate })
      .map(({ well, after }) => [...Array<Fate>(well).fill('works'), ...Array<Fate>(20).fill(after)]),
  ),
  answerArrives: fc.boolean(),
});
/** Which batch each message holds; none: it is bad. */
const anyMessages = fc.array(fc.option(fc.nat({ max: 5 })), { minLength: 1, maxLength: 16 });
const maxBytes = fc.constantFrom(1, 700, 1_000_000);

class Archive {
  readonly store = new MemoryArchive();
  readonly ledger = new MemoryLedger();

  /** One run of a process that may die on the way; undefined then, else the ids of what stays. */
  async run(
    messages: readonly QueuedMessage[],
    fates: readonly Fate[],
    maxObjectBytes: number,
  ): Promise<readonly string[] | undefined> {
    const killed = Promise.withResolvers<undefined>();
    let dead = false;
    let effects = 0;
    const effect = async <T>(carryOut: () => Promise<T>, failure: Error): Promise<T> => {
      if (dead) return new Promise(() => undefined);
      const fate = fates[effects] ?? 'works';
      effects += 1;
      const dies = fate.startsWith('killed');
      if (dies) dead = true;
      const result = fate === 'killed before' || fate === 'fails' ? undefined : await carryOut();
      if (dies) {
        killed.resolve(undefined);
        return new Promise(() => undefined);
      }
      if (result === undefined || fate === 'works, then fails') throw failure;
      return result;
    };
    const away = new StoreError('unavailable', '503');
    const store: ArchiveWriter = {
      create: (...given) => effect(() => this.store.create(...given), away),
    };
    const { ledger: kept } = this;
    const ledger: Ledger = {
      read: kept.read.bind(kept),
      replace: kept.replace.bind(kept),
      list: kept.list.bind(kept),
      create: (...given) => effect(() => kept.create(...given), new LedgerError('503', true)),
    };
    const queue: MessagePostponer = {
      postpone: async () => {
        await effect(async () => true, away);
      },
    };
    const counters = new RecordedCounters();
    const archiver = { store, ledger, queue, counters, log: silentLog, maxObjectBytes };
    const ended = archiveMessages(archiver, messages, 10 * second);
    const outcome = Promise.race([ended, killed.promise]);
    await vi.runAllTimersAsync();
    return outcome;
  }

  uuids(): Set<string> {
    const members = [...this.store.objects.values()].flatMap((object) => [...walkMembers(object)]);
    return new Set(members.map(({ headerJson }) => String(JSON.parse(String(headerJson)).uuid)));
  }

  setAside(): string[] {
    return [...this.ledger.objects.values()].map(({ body }) => String(JSON.parse(String(body)).text));
  }
}

test('wherever the archiver fails or is killed: nothing leaves the queue that is not durable, and all is shown once', async () => {
  await fc.assert(
    fc.asyncProperty(anyMessages, fc.array(anyRun, { maxLength: 5 }), maxBytes, async (held, runs, max) => {
      const messages = held.map((n, index) => {
        const each = n === null ? undefined : sealed[n];
        return each === undefined ? queued(`bad ${index}`) : queuedMember(each);
      });
      const batchOf = new Map(messages.map(({ id }, index) => [id, held[index] ?? null]));
      const waiting = new Map(messages.map((each) => [each.id, each]));
      const archive = new Archive();

      const work = async (
        given: readonly QueuedMessage[],
        fates: readonly Fate[],
        answerArrives: boolean,
      ) => {
        const staying = await archive.run(given, fates, max);
        if (staying !== undefined && answerArrives) {
          for (const { id } of given) if (!staying.includes(id)) waiting.delete(id);
        }
        const stored = archive.uuids();
        const kept = archive.setAside();
        for (const { id, text } of messages) {
          if (waiting.has(id)) continue;
          const n = batchOf.get(id) ?? null;
          const uuid = n === null ? undefined : sealed[n]?.key.slice(-39, -3);
          expect(uuid === undefined ? kept.includes(text) : stored.has(uuid)).toBe(true);
        }
      };

      for (const { order, fates, answerArrives } of runs) {
        const given = order.flatMap((n) => [...waiting.values()].slice(n, n + 1));
        await work([...new Set(given)], fates, answerArrives);
      }
      await work([...waiting.values()], [], true);
      expect(waiting.size).toBe(0);

      const spooled = [...new Set(held)]
        .flatMap((n) => (n === null ? [] : [sealed[n]]))
        .filter((each) => each !== undefined);
      const shown = async (store: MemoryArchive) => {
        const { messages: read, problems } = await readBack(store);
        expect(problems).toEqual([]);
        return read.map(({ frame, member }) => `${member.uuid} ${frame.toString('latin1')}`);
      };
      expect(await shown(archive.store)).toEqual(await shown(archiveOf(...spooled)));
      expect(archive.setAside().sort()).toEqual(
        messages
          .filter(({ id }) => batchOf.get(id) === null)
          .map(({ text }) => text)
          .sort(),
      );
      for (const body of archive.store.objects.values()) gunzipSync(body);
    }),
    { numRuns: 300 },
  );
});
