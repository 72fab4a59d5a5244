import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { inspectBatch } from '../../../lib/logplex/batch.ts';
import { visitFrames } from '../../../lib/logplex/frames.ts';
import { type FakeDrainOptions, FakeLogplex, type FakeLogplexOptions } from '../../support/fake-logplex.ts';
import { shrunkBufferSize } from '../../support/fake-logplex-buffer.ts';
import type { DrainLedger } from '../../support/fake-logplex-ledger.ts';
import { answer, hang, ok, ScriptedReceiver } from '../../support/scripted-receiver.ts';

let receiver: ScriptedReceiver;
beforeEach(async () => {
  receiver = await ScriptedReceiver.start();
});
afterEach(() => receiver.close());

function tokenOf(n: number): string {
  return `d.0b5ff6ad-0000-4000-8000-${String(n).padStart(12, '0')}`;
}

function logShuttle(): FakeDrainOptions {
  return { url: receiver.drainUrl(), token: tokenOf(0), app: 'my-app' as AppName, sender: 'log-shuttle' };
}

function start(options: Partial<FakeLogplexOptions> = {}, drains = 1): FakeLogplex {
  return new FakeLogplex({
    seed: 1,
    batchesPerDrain: 1,
    messagesPerBatch: 5,
    timeScale: 0.01,
    // Slow machines answer late too.
    timing: { connect: 5_000, request: 5_000 },
    drains: Array.from({ length: drains }, (_, n) => ({
      url: receiver.drainUrl(),
      token: tokenOf(n),
      app: 'my-app' as AppName,
    })),
    ...options,
  });
}

async function runOne(options: Partial<FakeLogplexOptions> = {}): Promise<DrainLedger> {
  const logplex = start(options);
  await logplex.run();
  const [ledger] = logplex.ledger;
  if (ledger === undefined) throw new Error('no drain');
  return ledger;
}

function sha256(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

describe('a request', () => {
  it('is what Logplex sends, and the ledger has its bytes', async () => {
    const ledger = await runOne();

    const [first] = receiver.arrived;
    const [batch] = ledger.batches;
    expect(first?.headers).toMatchObject({
      'content-type': 'application/logplex-1',
      'content-length': String(first?.body.length),
      'logplex-msg-count': String(batch?.count),
      'logplex-drain-token': tokenOf(0),
      'user-agent': expect.stringMatching(/^Logplex\//),
      authorization: `Basic ${Buffer.from('drain:secret').toString('base64')}`,
    });
    expect(batch?.id).toMatch(/^[0-9A-F]{32}$/);
    expect(first?.headers['logplex-frame-id']).toBe(batch?.id);
    expect(first?.path).toBe('/my-app');
    const facts = inspectBatch(first?.body ?? Buffer.alloc(0), Date.now());
    expect(facts).toMatchObject({ messages: batch?.count, notices: 0 });
    expect(facts.fault).toBeUndefined();
    expect(batch).toMatchObject({
      first: 0,
      result: 'acknowledged',
      tries: [{ sha256: sha256(first?.body ?? Buffer.alloc(0)), lost: 0, answer: 200 }],
    });
  });

  it('of a log-shuttle is chunked and has a request id in place of frame id and token', async () => {
    const ledger = await runOne({ drains: [logShuttle()] });

    expect(receiver.arrived[0]?.headers).toMatchObject({
      'transfer-encoding': 'chunked',
      'x-request-id': ledger.batches[0]?.id,
    });
    expect(receiver.arrived[0]?.headers).not.toHaveProperty('logplex-frame-id');
    expect(receiver.arrived[0]?.headers).not.toHaveProperty('logplex-drain-token');
    expect(ledger.token).toBeUndefined();
    expect(sha256(receiver.arrived[0]?.body ?? Buffer.alloc(0))).toBe(ledger.batches[0]?.tries[0]?.sha256);
  });

  it('goes over the same connection as the one before, but not after a failure', async () => {
    receiver.script = [ok, ok, answer(503), ok, ok];
    await runOne({ batchesPerDrain: 4 });

    expect(receiver.arrived.slice(0, 5).map(({ connection }) => connection)).toEqual([0, 0, 0, 1, 1]);
  });

  it('is the only one of its drain under way, while other drains have theirs', async () => {
    const logplex = start({ batchesPerDrain: 20 }, 6);
    await logplex.run();

    expect(receiver.arrived).toHaveLength(120);
    expect([...receiver.mostAtOnce.values()]).toEqual([1, 1, 1, 1, 1, 1]);
    expect(new Set(receiver.arrived.map(({ connection }) => connection)).size).toBe(6);
  });
});

describe('answers', () => {
  it.each([429, 500, 503])('%i is retried, with the same id and bytes', async (status) => {
    receiver.script = [answer(status), answer(status)];
    const { batches, lost } = await runOne();

    expect(batches[0]).toMatchObject({ result: 'acknowledged' });
    expect(batches[0]?.tries.map((tried) => tried.answer)).toEqual([status, status, 200]);
    expect(
      new Set(receiver.arrived.slice(0, 3).map(({ headers }) => headers['logplex-frame-id'])),
    ).toHaveLength(1);
    expect(new Set(receiver.arrived.slice(0, 3).map(({ body }) => sha256(body)))).toHaveLength(1);
    expect(lost).toEqual([]);
  });

  it.each([400, 401, 404, 413])('%i drops the batch for good; the next one declares it', async (status) => {
    receiver.script = [answer(status)];
    const { batches, lost, undeclared } = await runOne();

    const dropped = batches[0]?.count ?? 0;
    expect(batches[0]).toMatchObject({ result: 'refused', tries: [{ answer: status }] });
    expect(lost).toEqual([{ first: 0, count: dropped, why: 'refused' }]);
    expect(batches[1]).toMatchObject({ result: 'acknowledged', tries: [{ lost: dropped }] });
    expect(undeclared).toBe(0);
    const notice = inspectBatch(receiver.arrived[1]?.body ?? Buffer.alloc(0), Date.now());
    expect(notice).toMatchObject({ notices: 1, losses: { L10: dropped } });
    expect(receiver.arrived[1]?.headers['logplex-msg-count']).toBe(String(notice.messages));
  });

  it('three failures lose the batch', async () => {
    receiver.script = [answer(503), answer(500), answer(503)];
    const { batches, lost } = await runOne();

    expect(batches[0]).toMatchObject({ result: 'undelivered' });
    expect(batches[0]?.tries).toHaveLength(3);
    expect(lost).toEqual([{ first: 0, count: batches[0]?.count, why: 'undelivered' }]);
  });

  it('none in time is a failure, and may have been stored', async () => {
    receiver.script = [hang];
    const { batches } = await runOne({ timing: { connect: 5_000, request: 300 } });

    expect(batches[0]?.tries[0]).toMatchObject({ answer: 'timeout' });
    expect(batches[0]?.result).toBe('acknowledged');
  });

  it('none because the connection breaks is a failure', async () => {
    receiver.script = [(response) => response.socket?.destroy()];

    expect((await runOne()).batches[0]?.tries.map((tried) => tried.answer)).toEqual(['broken', 200]);
  });

  it('none because nobody is there says that nothing arrived', async () => {
    const logplex = start();
    await receiver.leave();
    await logplex.run();

    const [ledger] = logplex.ledger;
    const answers = ledger?.batches.flatMap(({ tries }) => tries.map((tried) => tried.answer));
    expect(new Set(answers)).toEqual(new Set(['no-connection']));
    expect(ledger?.undeclared).toBe(ledger?.produced);
  });

  it('in chunks is one that Logplex can not read', async () => {
    receiver.script = [(response) => response.writeHead(200).write('x', () => response.end())];

    expect((await runOne()).batches[0]?.tries.map((tried) => tried.answer)).toEqual(['unreadable', 200]);
  });

  it('of 400 and over are never retried by a log-shuttle, but no answer is', async () => {
    receiver.script = [(response) => response.socket?.destroy(), ok, answer(503)];
    const { batches } = await runOne({ drains: [logShuttle()], batchesPerDrain: 2 });

    expect(batches[0]?.tries.map((tried) => tried.answer)).toEqual(['broken', 200]);
    expect(batches[1]).toMatchObject({ result: 'undelivered', tries: [{ answer: 503 }] });
    expect(inspectBatch(receiver.arrived[3]?.body ?? Buffer.alloc(0), Date.now()).losses).toEqual({
      L13: batches[1]?.count,
    });
  });
});

describe('loss notices', () => {
  it('are rendered anew when a batch is retried', async () => {
    // The first batch is lost; the second declares it, three times, and more is said lost each time.
    receiver.script = [answer(401), answer(503), answer(503)];
    let now = 1_795_000_000_000;
    const { batches } = await runOne({
      messagesPerBatch: 600,
      batchesPerDrain: 2,
      now: () => {
        now += 1;
        return now;
      },
    });

    const tries = batches[1]?.tries ?? [];
    expect(tries.map((tried) => tried.answer)).toEqual([503, 503, 200]);
    expect(new Set(tries.map((tried) => tried.sha256)).size).toBe(3);
    const facts = receiver.arrived.slice(1, 4).map(({ body }) => inspectBatch(body, Date.now()));
    expect(facts.map(({ losses }) => losses['L10'])).toEqual(tries.map(({ lost }) => lost));
    expect(tries[2]?.lost).toBeGreaterThan(tries[0]?.lost ?? Number.NaN);
    const payloads = receiver.arrived
      .slice(1, 4)
      .map(({ body }) => sha256(body.subarray(inspectBatch(body, Date.now()).payloadStart)));
    expect(new Set(payloads).size).toBe(1);
  });

  it('can be gained by a retry: its count is one more', async () => {
    receiver.script = [answer(503)];
    const { batches, lost } = await runOne({ storms: 1 });

    const [first, second] = batches[0]?.tries ?? [];
    expect(first?.lost).toBe(0);
    expect(second?.lost).toBeGreaterThan(0);
    expect(lost).toEqual([{ first: batches[0]?.count, count: second?.lost, why: 'overflow' }]);
    const counts = receiver.arrived.slice(0, 2).map(({ headers }) => Number(headers['logplex-msg-count']));
    expect(counts).toEqual([batches[0]?.count, (batches[0]?.count ?? 0) + 1]);
  });
});

it('goes to the URL that the drain has by then, retries too', async () => {
  const logplex = start();
  receiver.script = [
    (response) => {
      logplex.setUrl(tokenOf(0), receiver.drainUrl('rotated'));
      answer(503)(response);
    },
  ];
  await logplex.run();

  expect(receiver.arrived.slice(0, 2).map(({ headers }) => headers.authorization)).toEqual(
    ['drain:secret', 'drain:rotated'].map((text) => `Basic ${Buffer.from(text).toString('base64')}`),
  );
});

it('stops when it is told to, and says what it had not sent', async () => {
  const stop = new AbortController();
  receiver.script = [ok, () => stop.abort()];
  const { batches, produced, unsent } = await runOne({ batchesPerDrain: 100, signal: stop.signal });

  expect(batches.map(({ result }) => result)).toEqual(['acknowledged', 'abandoned']);
  expect(batches.reduce((sum, { count }) => sum + count, unsent)).toBe(produced);
});

it('shrinks the buffer when nothing succeeds for long, and lets it grow again after a success', async () => {
  receiver.script = Array.from({ length: 30 }, () => answer(503));
  const timing = { shrink: 0, waits: [0, 0], connect: 5_000, request: 5_000 };
  const { batches } = await runOne({ batchesPerDrain: 20, messagesPerBatch: 40, timing });

  expect(batches.slice(1, 11).map(({ count }) => count)).toEqual(Array(10).fill(shrunkBufferSize));
  expect(Math.max(...batches.slice(11).map(({ count }) => count))).toBeGreaterThan(shrunkBufferSize);
});

it('produces the same for the same seed, and something else for another', async () => {
  const bodies = async (seed: number): Promise<string[]> => {
    receiver.arrived = [];
    await runOne({ seed, batchesPerDrain: 5, now: () => 1_795_000_000_000 });
    return receiver.arrived.map(({ body }) => sha256(body));
  };

  const first = await bodies(7);

  expect(await bodies(7)).toEqual(first);
  expect(await bodies(8)).not.toEqual(first);
});

it('frames count bytes', async () => {
  await runOne({ batchesPerDrain: 30, messagesPerBatch: 40 });

  let bytes = 0;
  for (const { body } of receiver.arrived) {
    expect(visitFrames(body, (start, end) => (bytes += end - start)).end).toBe(body.length);
  }
  expect(bytes).toBeGreaterThan(0);
});
