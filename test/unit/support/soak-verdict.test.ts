import { hash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BatchHeader } from '../../../lib/archive/format/batch-header.ts';
import { deflate } from '../../../lib/archive/format/deflate.ts';
import { assembleMember, walkMembers } from '../../../lib/archive/format/member.ts';
import { parseBatchHeader } from '../../../lib/archive/format/read-header.ts';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { ReceiverServer } from '../../../lib/receiver/http-server.ts';
import { type BatchSetup, seal } from '../../support/batches.ts';
import { FakeLogplex } from '../../support/fake-logplex.ts';
import { type BatchRecord, type DrainLedger, isStorable } from '../../support/fake-logplex-ledger.ts';
import { startFaultProxy } from '../../support/fault-proxy.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { batch, message, overflow } from '../../support/messages.ts';
import { ReceiverHarness, sharedSecret } from '../../support/receiver.ts';
import { soakVerdict } from '../../support/soak-verdict.ts';

const apps = ['first-app', 'second-app'] as AppName[];

function tokenOf(n: number): string {
  return `d.11111111-0000-4000-8000-00000000000${n}`;
}

/** Six drains of two apps, one of them a log-shuttle, against a receiver behind a proxy that injects faults. */
async function sendThroughFaults(
  seed: number,
): Promise<{ ledger: readonly DrainLedger[]; stored: MemoryArchive }> {
  const harness = new ReceiverHarness();
  const server = new ReceiverServer(harness);
  const port = await server.listen(0, '127.0.0.1');
  let requests = 0;
  const rotated = tokenOf(0);
  const proxy = await startFaultProxy({
    target: new URL(`http://127.0.0.1:${port}`),
    seed,
    style: 'plain',
    applies: () => {
      requests += 1;
      // One drain has wrong credentials until some of its batches are refused.
      if (requests === 60) logplex.setUrl(rotated, url('first-app'));
      return true;
    },
    faults: {
      refused: 0.02,
      reset: 0.03,
      hung: 0.01,
      error500: 0.05,
      slowDown: 0.05,
      lostResponse: 0.08,
      partialRequest: 0.05,
      partialResponse: 0.05,
    },
  });
  const url = (app: string, secret = sharedSecret) => {
    const made = new URL(`/${app}`, proxy.url);
    made.username = 'drain';
    made.password = secret;
    return made;
  };
  const drains = Array.from({ length: 6 }, (_, n) => ({
    url: url(apps[n % 2] ?? ''),
    token: tokenOf(n),
    app: apps[n % 2] ?? apps[0],
    sender: n === 5 ? ('log-shuttle' as const) : ('logplex' as const),
  }));
  const logplex = new FakeLogplex({
    seed,
    drains: drains.flatMap(({ app, ...drain }) => (app === undefined ? [] : [{ ...drain, app }])),
    batchesPerDrain: 40,
    messagesPerBatch: 6,
    timeScale: 0.02,
    timing: { connect: 400, request: 400 },
  });
  logplex.setUrl(rotated, url('first-app', 'wrong'));
  await logplex.run();
  await proxy.close();
  await server.close();
  return { ledger: logplex.ledger, stored: harness.store };
}

let ledger: readonly DrainLedger[];
let stored: MemoryArchive;
let archive: MemoryArchive;

beforeAll(async () => {
  ({ ledger, stored } = await sendThroughFaults(4));
});
beforeEach(() => {
  archive = new MemoryArchive();
  for (const [key, body] of stored.objects) archive.objects.set(key, body);
});

const all = (): readonly BatchRecord[] => ledger.flatMap(({ batches }) => batches);

interface Found {
  readonly key: string;
  readonly raw: Buffer;
  readonly header: BatchHeader;
  readonly headerJson: Buffer;
}

/** The stored try of some acknowledged batch that matches. */
function find(matches: (record: BatchRecord) => boolean = () => true): Found {
  for (const [key, body] of archive.objects) {
    const [member] = walkMembers(body);
    if (member === undefined) continue;
    const header = parseBatchHeader(member.headerJson);
    const id = header.frame ?? header.request;
    const record = all().find((each) => each.id === id && each.result === 'acknowledged');
    if (record !== undefined && record.tries.filter(isStorable).length === 1 && matches(record)) {
      return { key, raw: gunzipSync(body), header, headerJson: member.headerJson };
    }
  }
  throw new Error('no such batch');
}

async function store(raw: Buffer, { app, token, frame, received }: Partial<BatchHeader>): Promise<void> {
  const setup: BatchSetup = {
    app: (app ?? 'first-app') as AppName,
    token,
    frameId: frame,
    receivedAt: received === undefined ? Date.now() : Date.parse(received),
  };
  const { key, member } = await seal(raw, setup);
  archive.objects.set(key, member);
}

it('finds nothing wrong with what a good receiver stored, whatever went wrong on the way', async () => {
  const answers = new Set(all().flatMap(({ tries }) => tries.map(({ answer }) => answer)));

  expect(await soakVerdict(ledger, archive)).toEqual([]);
  expect([...answers]).toEqual(expect.arrayContaining([200, 401, 500, 503, 'broken']));
  expect(all().some(({ tries }) => tries.some(({ lost }) => lost > 0))).toBe(true);
});

describe('violations', () => {
  it('a batch that was acknowledged and is not there', async () => {
    const { key, header } = find();
    archive.objects.delete(key);

    expect(await soakVerdict(ledger, archive)).toEqual([
      expect.stringMatching(new RegExp(`^batch ${header.frame ?? header.request} .* is not there$`)),
    ]);
  });

  it('a batch that is there twice', async () => {
    const { raw, header } = find();
    await store(raw, { ...header, frame: '0'.repeat(32) });

    expect(await soakVerdict(ledger, archive)).toContainEqual(
      expect.stringMatching(/is there more than once$/),
    );
  });

  it('a batch of which one byte differs, under a header that fits', async () => {
    const { key, raw, header } = find();
    raw[raw.length - 1] = (raw.at(-1) ?? 0) ^ 1;
    archive.objects.delete(key);
    await store(raw, header);

    const violations = await soakVerdict(ledger, archive);

    expect(violations).toEqual([
      expect.stringContaining('is not, byte for byte, what was sent'),
      expect.stringContaining('is not there'),
    ]);
  });

  it('a batch of which one byte differs, under the header of what was sent', async () => {
    const { key, raw, headerJson } = find();
    raw[raw.length - 1] = (raw.at(-1) ?? 0) ^ 1;
    archive.objects.set(key, assembleMember(headerJson, raw, await deflate(raw, false)));

    expect(await soakVerdict(ledger, archive)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('is damaged'),
        expect.stringContaining('is not, byte for byte, what was sent'),
        expect.stringContaining('is not there'),
      ]),
    );
  });

  it('a message that nobody sent', async () => {
    await store(batch(message('from nowhere')), { frame: 'F'.repeat(32) });

    expect(await soakVerdict(ledger, archive)).toEqual([expect.stringContaining('was never sent')]);
  });

  it('an object of an app that sent nothing, and one that is no key', async () => {
    await store(batch(message('from nowhere')), { app: 'other-app' });
    archive.objects.set('logs/first-app/note.txt', Buffer.from('x'));

    expect(await soakVerdict(ledger, archive)).toEqual(
      expect.arrayContaining([
        expect.stringContaining('of an app that sent nothing'),
        expect.stringContaining('logs/first-app/note.txt is no key'),
      ]),
    );
  });

  it('a batch under the wrong app', async () => {
    const { key, raw, header } = find();
    archive.objects.delete(key);
    await store(raw, { ...header, app: header.app === 'first-app' ? 'second-app' : 'first-app' });

    expect(await soakVerdict(ledger, archive)).toContainEqual(expect.stringMatching(/is a batch of /));
  });

  it('a batch that was refused and is there', async () => {
    const refused = ledger.map((drain) => ({
      ...drain,
      batches: drain.batches.map((record) => ({
        ...record,
        tries: record.tries.map((tried) => (tried.answer === 200 ? { ...tried, answer: 401 } : tried)),
      })),
    }));

    expect(await soakVerdict(refused, archive)).toContainEqual(
      expect.stringContaining('is there although it was answered 401'),
    );
  });

  it('a loss notice that was acknowledged and can not be read', async () => {
    const { header } = find(({ tries }) => tries.every(({ lost }) => lost === 0));
    const id = header.frame ?? header.request;
    const declared = ledger.map((drain) => ({
      ...drain,
      batches: drain.batches.map((record) =>
        record.id !== id
          ? record
          : {
              ...record,
              tries: [
                { sha256: header.sha256, lost: 0, answer: 503 },
                { sha256: '0'.repeat(64), lost: 5, answer: 200 },
              ],
            },
      ),
    }));

    expect(await soakVerdict(declared, archive)).toContainEqual(
      expect.stringMatching(/declared 5 messages lost, of which 0 can be read$/),
    );
  });

  it('a sender that has no account of a message, or two', async () => {
    const [drain] = ledger;
    const forgot = { ...drain, batches: drain?.batches.slice(0, -1) } as DrainLedger;
    const twice = { ...drain, lost: [...(drain?.lost ?? []), { first: 0, count: 1, why: 'overflow' }] };

    expect(await soakVerdict([forgot, ...ledger.slice(1)], archive)).toContainEqual(
      expect.stringMatching(/has no account of messages|accounts for \d+ of \d+ messages/),
    );
    expect(await soakVerdict([twice as DrainLedger, ...ledger.slice(1)], archive)).toContainEqual(
      expect.stringContaining('accounts twice'),
    );
  });

  it('are cut to a list that can be read', async () => {
    archive.objects.clear();

    const violations = await soakVerdict(ledger, archive);

    expect(violations).toHaveLength(51);
    expect(violations.at(-1)).toMatch(/^and \d+ more$/);
  });
});

describe('a batch whose tries lie hours apart, for a clock was set back', () => {
  const now = Date.UTC(2026, 10, 21);
  const frame = 'A'.repeat(32);
  const raw = batch(message('a', now));
  const again = batch(overflow(5, now), message('a', now));
  const sha256 = (bytes: Buffer) => hash('sha256', bytes, 'hex');
  const drain: DrainLedger = {
    name: 'by-hand',
    app: 'first-app' as AppName,
    token: tokenOf(0),
    produced: 6,
    batches: [
      {
        id: frame,
        first: 5,
        count: 1,
        tries: [
          { sha256: sha256(raw), lost: 0, answer: 'timeout' },
          { sha256: sha256(again), lost: 5, answer: 200 },
        ],
        result: 'acknowledged',
      },
    ],
    lost: [{ first: 0, count: 5, why: 'overflow' }],
    undeclared: 0,
    unsent: 0,
  };
  const header = { app: drain.app, token: tokenOf(0), frame };
  const at = (ms: number) => ({ ...header, received: new Date(ms).toISOString() });

  beforeEach(() => archive.objects.clear());

  /** What is stored here claims no number of messages, which is none of it. */
  const violations = async () =>
    (await soakVerdict([drain], archive)).filter((each) => !each.includes('of undefined messages'));

  it('is there once where the later one shows its notice only', async () => {
    await store(raw, at(now - 3 * 60 * 60 * 1000));
    await store(again, at(now));

    expect(await violations()).toEqual([]);
  });

  it('lacks a notice where the later one is not there', async () => {
    await store(raw, at(now - 3 * 60 * 60 * 1000));

    expect(await violations()).toEqual([expect.stringContaining('of which 0 can be read')]);
  });
});

it('takes a batch that nobody acknowledged as it is: there once, or not at all', async () => {
  const { key } = find();
  const unanswered = ledger.map((drain) => ({
    ...drain,
    batches: drain.batches.map((record) => ({
      ...record,
      result: record.result === 'acknowledged' ? ('abandoned' as const) : record.result,
      tries: record.tries.map((tried) =>
        tried.answer === 200 ? { ...tried, answer: 'broken' as const, lost: 0 } : tried,
      ),
    })),
    lost: [],
    undeclared: 0,
  }));
  archive.objects.delete(key);

  const violations = await soakVerdict(unanswered, archive);

  expect(violations.filter((violation) => violation.includes('is not there'))).toEqual([]);
});
