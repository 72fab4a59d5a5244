import { afterEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../../lib/archive/store/store.ts';
import { canaryApp } from '../../../lib/drains/canary-app.ts';
import type { DeliveryMode } from '../../../lib/receiver/delivery.ts';
import type { ReceiverServer } from '../../../lib/receiver/http-server.ts';
import type { SpooledMember, SpoolStatus } from '../../../lib/spool/spool.ts';
import { type CanaryOptions, canaryCheck } from '../../../lib/watch/checks/canary/canary.ts';
import { seal } from '../../support/batches.ts';
import { listen } from '../../support/canary.ts';
import { MemorySpool } from '../../support/memory-spool.ts';
import { batch, message } from '../../support/messages.ts';
import { ReceiverHarness, sharedSecret } from '../../support/receiver.ts';
import { RepeatedLook } from '../../support/repeated-look.ts';

const hourMs = 60 * 60_000;

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
    ({ server, url } = await listen(receiver));
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
