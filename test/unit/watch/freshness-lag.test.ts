import { describe, expect, it } from 'vitest';
import type { AppName } from '../../../lib/drains/app-name.ts';
import type { SpoolStatus } from '../../../lib/spool/spool.ts';
import { type ArchiveLag, archiveLag } from '../../../lib/watch/archive-lag.ts';
import { freshnessCheck } from '../../../lib/watch/checks/freshness/freshness.ts';
import { key, minuteMs, noon, open } from '../../support/freshness.ts';
import { MemoryPageLister } from '../../support/memory-page-lister.ts';
import { RepeatedLook } from '../../support/repeated-look.ts';

function spooled(status: SpoolStatus): ArchiveLag {
  return archiveLag(0, { status: async () => status });
}

describe('freshness where batches are gathered', () => {
  const windowMs = 300_000;

  it('knows how far the newest key may be behind an app that sends all the time', async () => {
    // Two windows, a minute and the threshold.
    const at = noon - (10 + 1 + 15) * minuteMs;
    const lag = archiveLag(windowMs, undefined);

    expect(await open({ keys: [key(at)], lag }).look.only(noon)).toMatchObject({ status: 'ok' });
    expect(await open({ keys: [key(at - 1)], lag }).look.only(noon)).toMatchObject({ status: 'critical' });
  });
});

describe('freshness while batches wait in the spool', () => {
  const outageMs = 20 * minuteMs;
  const last = key(noon - outageMs);
  const waits = (oldestMs: number) => spooled({ waiting: 5, underWay: 2, oldestMs });

  it('says nothing of an app that sent until they began to wait', async () => {
    const { look } = open({ keys: [last], lag: waits(outageMs) });

    const finding = await look.only(noon);

    expect(finding).toMatchObject({
      status: 'skipped',
      summary: expect.stringContaining('wait in the spool'),
    });
  });

  it('says nothing either where nobody has measured how long they wait', async () => {
    const { look } = open({ keys: [last], lag: spooled({ waiting: 5, underWay: 2 }) });

    expect(await look.only(noon)).toMatchObject({ status: 'skipped' });
  });

  it('tells of one that was silent before, and to look at the spool first', async () => {
    const { look } = open({ keys: [key(noon - outageMs - 16 * minuteMs)], lag: waits(outageMs) });

    const finding = await look.only(noon);

    expect(finding.status).toBe('critical');
    expect(finding.remedy).toMatch(/^Batches wait in the spool.*cistern spool status/);
  });

  it('takes that for a reason for an hour, and no longer', async () => {
    const began = (minutes: number) => ({
      keys: [key(noon - minutes * minuteMs)],
      lag: waits(minutes * minuteMs),
    });

    expect(await open(began(75)).look.only(noon)).toMatchObject({ status: 'skipped' });
    expect(await open(began(76)).look.only(noon)).toMatchObject({ status: 'critical' });
  });

  it.each([
    ['is empty', spooled({ waiting: 0, underWay: 0, oldestMs: outageMs })],
    ['can not be looked at', archiveLag(0, { status: () => Promise.reject(new Error('no answer')) })],
  ])('is what it always was when the spool %s', async (_, lag) => {
    const finding = await open({ keys: [last], lag }).look.only(noon);

    expect(finding.status).toBe('critical');
    expect(finding.remedy).toMatch(/^Run /);
  });

  it('looks at the spool once for all apps, and not at all while none is silent', async () => {
    let looks = 0;
    const spool = {
      status: async () => {
        looks += 1;
        return { waiting: 1, underWay: 0, oldestMs: outageMs };
      },
    };
    const names = ['shop', 'billing', 'mail'].map((name) => name as AppName);
    const apps = names.map((name) => ({ name, silenceMinutes: 15 }));
    const look = (at: number) => {
      const lister = new MemoryPageLister(names.map((name) => key(at, name)));
      return new RepeatedLook(freshnessCheck({ apps, lister, lag: archiveLag(0, spool) })).at(noon);
    };

    expect((await look(noon))?.map(({ status }) => status)).toEqual(['ok', 'ok', 'ok']);
    expect(looks).toBe(0);
    expect((await look(noon - outageMs))?.map(({ status }) => status)).toEqual(Array(3).fill('skipped'));
    expect(looks).toBe(1);
  });
});
