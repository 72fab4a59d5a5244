import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assembleMember, walkMembers } from '../../../lib/archive/format/member.ts';
import { type ArchiveReader, StoreError } from '../../../lib/archive/store/store.ts';
import { canaryApp } from '../../../lib/drains/canary-app.ts';
import type { ReceiverServer } from '../../../lib/receiver/http-server.ts';
import { archiveLag } from '../../../lib/watch/archive-lag.ts';
import type { CanaryOptions } from '../../../lib/watch/checks/canary/canary.ts';
import { makeTracer } from '../../../lib/watch/checks/canary/tracer.ts';
import { mergeMembers, seal } from '../../support/batches.ts';
import { listen, lookOnce } from '../../support/canary.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { batch, message } from '../../support/messages.ts';
import { ReceiverHarness, sharedSecret } from '../../support/receiver.ts';

describe('the canary, against a receiver', () => {
  let receiver: ReceiverHarness;
  let server: ReceiverServer;
  let url: string;

  beforeEach(async () => {
    receiver = new ReceiverHarness();
    ({ server, url } = await listen(receiver));
  });
  afterEach(() => server.close());

  const canary = (options: Partial<CanaryOptions> = {}) =>
    lookOnce({ drainUrl: async () => url, archive: receiver.store, ...options });

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

    const finding = await lookOnce({ drainUrl: async () => url, archive: hanging }, run.signal);
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

describe('the canary, without a receiver', () => {
  it('warns that it has no drain URL', async () => {
    const finding = await lookOnce({ drainUrl: async () => undefined, archive: new MemoryArchive() });

    expect(finding).toMatchObject({ status: 'warning' });
    expect(finding.remedy).toContain('cistern drain add cistern-canary');
  });

  it('does not know when its drain URL can not be read', async () => {
    const drainUrl = () => Promise.reject(new Error('allow ssm:GetParameter on it'));

    const finding = await lookOnce({ drainUrl, archive: new MemoryArchive() });

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
