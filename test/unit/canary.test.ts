import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assembleMember, walkMembers } from '../../lib/archive/member.ts';
import { type ArchiveReader, StoreError } from '../../lib/archive/store.ts';
import { visitFrames } from '../../lib/logplex/frames.ts';
import { ReceiverServer } from '../../lib/receiver/http-server.ts';
import type { DeliveryMode } from '../../lib/spool/delivery.ts';
import type { SpooledMember, SpoolStatus } from '../../lib/spool/spool.ts';
import { archiveLag } from '../../lib/watch/archive-lag.ts';
import { type CanaryOptions, canaryCheck, canarySubject } from '../../lib/watch/canary.ts';
import { canaryApp } from '../../lib/watch/canary-app.ts';
import type { Finding } from '../../lib/watch/finding.ts';
import { makeTracer } from '../../lib/watch/tracer.ts';
import { mergeMembers, seal } from '../support/batches.ts';
import { MemoryArchive } from '../support/memory-archive.ts';
import { MemorySpool } from '../support/memory-spool.ts';
import { batch, message } from '../support/messages.ts';
import { ReceiverHarness, sharedSecret } from '../support/receiver.ts';
import { RepeatedLook } from '../support/repeated-look.ts';

const hourMs = 60 * 60_000;
const never = new AbortController().signal;

async function look(options: CanaryOptions, signal = never): Promise<Finding> {
  const findings = await canaryCheck(options).look({
    now: Date.now(),
    signal,
    remembered: () => undefined,
    rememberedSubjects: () => [],
  });
  const [finding] = findings ?? [];
  if (finding === undefined || findings?.length !== 1) throw new Error('the canary says one thing');
  expect(finding).toMatchObject({ check: 'canary', subject: canarySubject });
  expect(JSON.stringify(finding)).not.toContain(sharedSecret);
  return finding;
}

describe('the canary, against a receiver', () => {
  let receiver: ReceiverHarness;
  let server: ReceiverServer;
  let url: string;

  beforeEach(async () => {
    receiver = new ReceiverHarness();
    server = new ReceiverServer(receiver);
    const port = await server.listen(0, '127.0.0.1');
    url = `http://drain:${sharedSecret}@127.0.0.1:${port}/${canaryApp}`;
  });
  afterEach(() => server.close());

  const canary = (options: Partial<CanaryOptions> = {}) =>
    look({ drainUrl: async () => url, archive: receiver.store, ...options });

  it('is ok when its batch is stored, and says how long that took', async () => {
    const finding = await canary();

    expect(finding).toMatchObject({ status: 'ok', remedy: '' });
    const [key] = receiver.store.objects.keys();
    expect(key).toMatch(/^logs\/cistern-canary\//);
    expect(finding.evidence).toMatchObject({
      answered: 200,
      key,
      answerMs: expect.any(Number),
      objectMs: expect.any(Number),
    });
    expect(receiver.counters.total('malformed')).toBe(0);
  });

  it('is not confused by another canary at the same moment', async () => {
    const now = Date.now();
    const findings = await Promise.all([1, 2, 3].map(() => canary({ now: () => now })));

    expect(findings.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
    expect(new Set(findings.map(({ evidence }) => evidence['key'])).size).toBe(3);
    expect(receiver.store.objects.size).toBe(3);
  });

  it('finds its batch in an object that holds others too, once the batch window is over', async () => {
    let lists = 0;
    const archive = new MemoryArchive();
    const gathered: ArchiveReader = {
      read: (key) => archive.read(key),
      async *list(prefix, after) {
        lists += 1;
        if (lists === 2) {
          const earlier = await seal(batch(message('of another')), {
            app: canaryApp,
            receivedAt: Date.now() - 5_000,
          });
          const members = [...receiver.store.objects.values()].map((member) => ({ ...earlier, member }));
          const { key, body } = mergeMembers([earlier, ...members], canaryApp);
          expect([...walkMembers(body)]).toHaveLength(2);
          archive.objects.set(key, body);
        }
        yield* archive.list(prefix, after);
      },
    };

    expect(await canary({ archive: gathered, lag: archiveLag(60_000, undefined) })).toMatchObject({
      status: 'ok',
    });
  });

  it('is critical when what was acknowledged is nowhere', async () => {
    const finding = await canary({ archive: new MemoryArchive(), withinMs: 100 });

    expect(finding).toMatchObject({ status: 'critical', evidence: { answered: 200 } });
    expect(finding.summary).toMatch(/acknowledged, but is not in the archive/);
  });

  it('is critical when what is stored is not what was sent', async () => {
    const archive: ArchiveReader = {
      list: (prefix, after) => receiver.store.list(prefix, after),
      async read(key) {
        const [member] = walkMembers(await receiver.store.read(key));
        const changed = Buffer.from('not what was sent');
        const deflated = gzipSync(changed).subarray(10, -8);
        return assembleMember(Buffer.from(member?.headerJson ?? ''), changed, [deflated]);
      },
    };

    const finding = await canary({ archive });

    expect(finding.status).toBe('critical');
    expect(finding.summary).toMatch(/not byte for byte/);
    expect(finding.evidence).toHaveProperty('key');
  });

  it('is critical when its object is no object of this archive', async () => {
    const archive: ArchiveReader = {
      list: (prefix, after) => receiver.store.list(prefix, after),
      read: async () => Buffer.from('scrambled'),
    };

    expect(await canary({ archive })).toMatchObject({ status: 'critical' });
  });

  it('passes over damaged objects of others', async () => {
    const other = await seal(batch(message('of another')), {
      app: canaryApp,
      receivedAt: Date.now() + 60_000,
    });
    receiver.store.objects.set(other.key, Buffer.from('scrambled'));

    expect(await canary()).toMatchObject({ status: 'ok' });
  });

  it('does not know when the archive can not be read', async () => {
    const failing: ArchiveReader = {
      // biome-ignore lint/correctness/useYield: a list that fails before its first key
      async *list() {
        throw new StoreError('refused', 'allow s3:ListBucket');
      },
      read: async () => Buffer.of(),
    };

    const finding = await canary({ archive: failing });

    expect(finding).toMatchObject({ status: 'unknown', evidence: { answered: 200 } });
    expect(finding.summary).toContain('allow s3:ListBucket');
  });

  it('does not know when the time of the run is up before it found anything', async () => {
    const run = new AbortController();
    let hold: () => void = () => undefined;
    const hanging: ArchiveReader = {
      async *list() {
        run.abort(new Error('took longer than 60 s'));
        await new Promise<void>((resolve) => {
          hold = resolve;
        });
      },
      read: async () => Buffer.of(),
    };

    const finding = await look({ drainUrl: async () => url, archive: hanging }, run.signal);
    hold();

    expect(finding.status).toBe('unknown');
    expect(finding.summary).toContain('took longer than 60 s');
  });

  it.each([
    ['no longer live', (live: string) => live.replace(sharedSecret, 'anotherSecret'), 'was answered 401'],
    ['missing', (live: string) => live.replace(`drain:${sharedSecret}@`, ''), 'was answered 401'],
  ])('is critical when its secret is %s', async (_, change, said) => {
    const finding = await canary({ drainUrl: async () => change(url) });

    expect(finding.status).toBe('critical');
    expect(finding.summary).toContain(said);
    expect(finding.remedy).toContain('cistern drain');
    expect(receiver.store.objects.size).toBe(0);
  });

  it('is critical when the store is gone', async () => {
    receiver.store.script.push(...Array(50).fill(new StoreError('refused', 'no such bucket')));

    const finding = await canary();

    expect(finding).toMatchObject({ status: 'critical', evidence: { answered: 503 } });
    expect(finding.remedy).toContain('log');
  });
});

describe('the canary, where batches are gathered or spooled', () => {
  const windowMs = 60_000;
  let receiver: ReceiverHarness;
  let server: ReceiverServer;
  let url: string;
  let spool: MemorySpool;
  let spooled: SpoolStatus | undefined;
  let now: number;

  async function start(mode: DeliveryMode): Promise<void> {
    spool = new MemorySpool();
    spooled = undefined;
    // Times go on from here, and never get ahead of the receiver's clock.
    now = Date.now() - 6 * hourMs;
    receiver = new ReceiverHarness({ mode, spool });
    server = new ReceiverServer(receiver);
    const port = await server.listen(0, '127.0.0.1');
    url = `http://drain:${sharedSecret}@127.0.0.1:${port}/${canaryApp}`;
  }
  afterEach(() => server.close());

  /** Looks that wait for nothing. */
  const looks = (lag: number, options: Partial<CanaryOptions> = {}) =>
    new RepeatedLook(
      canaryCheck({
        drainUrl: async () => url,
        archive: receiver.store,
        lag: { windowMs: lag, spooled: async () => spooled },
        patienceMs: 0,
        now: () => now,
        ...options,
      }),
    );

  /** What the archiver does: all that is spooled becomes one object, named by its first member. */
  function archive(...before: readonly SpooledMember[]): void {
    const members = [...before, ...spool.held.splice(0)];
    const [first] = members;
    if (first === undefined) throw new Error('nothing is spooled');
    receiver.store.objects.set(first.key, Buffer.concat(members.map(({ member }) => member)));
  }

  it('finds at each look what the one before has sent', async () => {
    await start('buffered');
    const canary = looks(windowMs);

    expect(await canary.only(now)).toMatchObject({ status: 'skipped', remedy: '' });
    for (let run = 0; run < 3; run += 1) {
      archive();
      now += 5 * 60_000;
      expect(await canary.only(now)).toMatchObject({ status: 'ok', evidence: { answered: 200 } });
    }
    expect(receiver.store.objects.size).toBe(3);
  });

  it('goes on looking for one that is not due yet', async () => {
    await start('buffered');
    const canary = looks(300_000);
    await canary.only(now);
    const [first] = spool.held;

    // As with `serve --watch 1`: its object comes when the window is over.
    for (let minute = 1; minute < 5; minute += 1) {
      now += 60_000;
      expect(await canary.only(now)).toMatchObject({ status: 'skipped' });
    }
    archive();
    now += 60_000;
    expect(await canary.only(now)).toMatchObject({ status: 'ok', evidence: { key: first?.key } });
  });

  it('is critical when one is nowhere once its time is over, and then looks for the next', async () => {
    await start('buffered');
    const canary = looks(windowMs);
    await canary.only(now);
    spool.held.splice(0);

    now += 5 * 60_000;
    const finding = await canary.only(now);

    expect(finding).toMatchObject({ status: 'critical' });
    expect(finding.summary).toMatch(/acknowledged, but is not in the archive after 300 s/);
    archive();
    now += 5 * 60_000;
    expect(await canary.only(now)).toMatchObject({ status: 'ok' });
  });

  it('warns while it may wait in the spool, and finds it in an object that began much earlier', async () => {
    await start('direct');
    now = Math.floor(now / hourMs) * hourMs + hourMs / 2;
    const earlier = await seal(batch(message('of another')), {
      app: canaryApp,
      receivedAt: now - hourMs / 2,
    });
    receiver.store.script.push(...Array.from({ length: 2 }, () => new StoreError('refused', 'no such key')));
    spooled = { waiting: 0, underWay: 7, oldestMs: hourMs / 2 };
    const canary = looks(0, { withinMs: 50, patienceMs: 50 });

    for (let run = 0; run < 2; run += 1) {
      expect(await canary.only(now)).toMatchObject({
        status: 'warning',
        summary: expect.stringContaining('it may be among the 7 that wait in the spool'),
        remedy: expect.stringContaining('cistern spool status'),
      });
      now += 5 * 60_000;
    }
    archive({ key: earlier.key, member: earlier.member });
    spooled = { waiting: 0, underWay: 0 };
    expect(await canary.only(now)).toMatchObject({ status: 'ok', evidence: { key: earlier.key } });
    // What was sent in this look and the ones before is not waited for.
    now += 5 * 60_000;
    expect((await canary.only(now)).summary).toContain('found after');
  });

  it.each([
    ['nothing waits in the spool', { waiting: 0, underWay: 0 }],
    ['all that waits there is younger', { waiting: 5, underWay: 0, oldestMs: 40_000 }],
    ['nobody can tell what waits there', undefined],
  ])('is critical when %s', async (_, status) => {
    await start('buffered');
    const canary = looks(windowMs);
    await canary.only(now);
    spooled = status;

    now += 5 * 60_000;
    expect(await canary.only(now)).toMatchObject({ status: 'critical' });
  });

  it('is critical at once when it is not acknowledged, and still finds the one before', async () => {
    await start('buffered');
    const canary = looks(windowMs);
    await canary.only(now);
    archive();
    const good = url;
    url = url.replace(sharedSecret, 'anotherSecret');
    now += 5 * 60_000;
    expect(await canary.only(now)).toMatchObject({ status: 'critical', evidence: { answered: 401 } });

    url = good;
    now += 5 * 60_000;
    expect(await canary.only(now)).toMatchObject({ status: 'ok' });
  });

  it('does not look for one that may have expired since', async () => {
    await start('buffered');
    const canary = looks(windowMs);
    await canary.only(now);

    now += 48 * hourMs;
    expect(await canary.only(now)).toMatchObject({ status: 'skipped' });
  });
});

describe('the canary, against whatever else may answer', () => {
  let answer: (request: IncomingMessage, response: ServerResponse) => void;
  const server = createServer((request, response) => answer(request, response));
  let origin: string;

  beforeEach(async () => {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    origin = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  const canary = (drainUrl: string | undefined = `http://drain:${sharedSecret}@${origin}/${canaryApp}`) =>
    look({ drainUrl: async () => drainUrl, archive: new MemoryArchive(), withinMs: 50 });

  it('posts what Logplex would', async () => {
    const arrived = Promise.withResolvers<{ headers: IncomingMessage['headers']; body: Buffer }>();
    answer = async (request, response) => {
      const body = Buffer.concat(await Array.fromAsync(request));
      arrived.resolve({ headers: request.headers, body });
      response.writeHead(200, { 'content-length': 0 }).end();
    };

    await canary();

    const { headers, body } = await arrived.promise;
    expect(headers).toMatchObject({
      authorization: `Basic ${btoa(`drain:${sharedSecret}`)}`,
      // The function may sleep for minutes between two runs, and its connections with it.
      connection: 'close',
      'content-type': 'application/logplex-1',
      'content-length': String(body.length),
      'logplex-frame-id': expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const framing = visitFrames(body, () => undefined);
    expect(framing.fault).toBeUndefined();
    expect(headers['logplex-msg-count']).toBe(String(framing.frames));
  });

  it.each([301, 307, 403, 404, 405, 413, 429, 500, 502])(
    'is critical when it is answered %i',
    async (status) => {
      const paths: (string | undefined)[] = [];
      answer = (request, response) => {
        paths.push(request.url);
        response.writeHead(status, { location: `http://${origin}/elsewhere`, 'content-length': 0 }).end();
      };

      const finding = await canary();

      expect(finding.status).toBe('critical');
      expect(finding.summary).toContain(`was answered ${status}`);
      expect(finding.remedy).not.toBe('');
      expect(paths).toEqual([`/${canaryApp}`]);
    },
  );

  it('is critical when the connection is closed without an answer', async () => {
    answer = (request) => request.socket.destroy();

    const finding = await canary();

    expect(finding.status).toBe('critical');
    expect(finding.summary).toContain('did not reach the receiver');
  });

  it('is critical when nobody listens', async () => {
    const other = createServer();
    other.listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    other.close();
    await once(other, 'close');

    const finding = await canary(`http://drain:${sharedSecret}@127.0.0.1:${port}/${canaryApp}`);

    expect(finding.status).toBe('critical');
    expect(finding.summary).toContain('connection refused');
  });

  it('ends with the run when no answer comes', async () => {
    const run = new AbortController();
    answer = () => run.abort(new Error('the time is up'));
    const drainUrl = async () => `http://drain:${sharedSecret}@${origin}/${canaryApp}`;

    await expect(look({ drainUrl, archive: new MemoryArchive() }, run.signal)).rejects.toThrow(
      'the time is up',
    );
  });

  it.each([
    `http://drain:${sharedSecret}@192.0.2.1/${canaryApp}`,
    `ftp://drain:${sharedSecret}@example.com/${canaryApp}`,
    `drain:${sharedSecret}@example.com`,
  ])('warns, and sends nothing, when its URL would not be safe: %#', async (drainUrl) => {
    const finding = await canary(drainUrl);

    expect(finding.status).toBe('warning');
    expect(finding.summary).toContain('was not posted');
  });
});

describe('the canary, without a receiver', () => {
  it('warns that it has no drain URL', async () => {
    const finding = await look({ drainUrl: async () => undefined, archive: new MemoryArchive() });

    expect(finding).toMatchObject({ status: 'warning' });
    expect(finding.remedy).toContain('cistern drain add cistern-canary');
  });

  it('does not know when its drain URL can not be read', async () => {
    const drainUrl = () => Promise.reject(new Error('allow ssm:GetParameter on it'));

    const finding = await look({ drainUrl, archive: new MemoryArchive() });

    expect(finding.status).toBe('unknown');
    expect(finding.summary).toContain('allow ssm:GetParameter');
  });

  it('makes no tracer twice', () => {
    const now = Date.now();
    const [a, b] = [makeTracer(now), makeTracer(now)];

    expect(a.frameId).not.toBe(b.frameId);
    expect(a.body.equals(b.body)).toBe(false);
    expect(a.uuid).not.toBe(b.uuid);
  });
});
