import { describe, expect, it } from 'vitest';
import { type ObjectKey, objectKey } from '../../lib/archive/key.ts';
import { StoreError } from '../../lib/archive/store.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import type { SpoolStatus } from '../../lib/spool/spool.ts';
import type { ActiveHours } from '../../lib/watch/active-hours.ts';
import { type ArchiveLag, archiveLag, noLag } from '../../lib/watch/archive-lag.ts';
import type { Memory } from '../../lib/watch/finding.ts';
import { type FreshApp, freshnessCheck } from '../../lib/watch/freshness.ts';
import { MemoryPageLister } from '../support/memory-page-lister.ts';
import { RepeatedLook } from '../support/repeated-look.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** A Friday. */
const noon = Date.UTC(2026, 10, 20, 12);
const shop = 'shop' as AppName;

function key(epochMs: number, app = shop): ObjectKey {
  return objectKey({ app, epochMs, uuid: '00000000-0123-8abc-8def-0123456789ab' });
}

interface Scene {
  readonly keys?: readonly string[];
  readonly app?: Partial<FreshApp>;
  readonly startedAt?: number;
  readonly memory?: Memory;
  readonly lag?: ArchiveLag;
}

function spooled(status: SpoolStatus): ArchiveLag {
  return archiveLag(0, { status: async () => status });
}

function open({ keys = [], app = {}, startedAt, memory, lag = noLag }: Scene = {}) {
  const lister = new MemoryPageLister(keys);
  const apps = [{ name: shop, silenceMinutes: 15, ...app }];
  const check = freshnessCheck({ apps, lister, lag, ...(startedAt === undefined ? {} : { startedAt }) });
  return { lister, look: new RepeatedLook(check, memory === undefined ? {} : { shop: memory }) };
}

const requestFailure = () => new StoreError('unavailable', 'no answer from the store');

describe('freshness of an app that sends', () => {
  it('is ok, by one list request for one key', async () => {
    const { lister, look } = open({ keys: [key(noon - 14 * minuteMs), key(noon)] });

    expect(await look.only(noon)).toMatchObject({ subject: 'shop', app: 'shop', status: 'ok', remedy: '' });

    expect(lister.requests).toMatchObject([{ max: 1 }]);
  });

  it('counts a key at the very threshold, and none before it', async () => {
    expect(await open({ keys: [key(noon - 15 * minuteMs)] }).look.only(noon)).toMatchObject({ status: 'ok' });
    expect(await open({ keys: [key(noon - 15 * minuteMs - 1)] }).look.only(noon)).toMatchObject({
      status: 'critical',
    });
  });

  it('finds the key across midnight', async () => {
    const midnight = Date.UTC(2027, 0, 1);
    const { lister, look } = open({ keys: [key(midnight - 2 * minuteMs)] });

    expect(await look.only(midnight + 5 * minuteMs)).toMatchObject({ status: 'ok' });
    expect(lister.requests).toHaveLength(1);
  });

  it('takes the keys of an app whose name begins alike for those of another', async () => {
    const { look } = open({ keys: [key(noon, 'shop-eu' as AppName), key(noon - hourMs)] });

    expect(await look.only(noon)).toMatchObject({ status: 'critical' });
  });

  it('counts keys up to 5 min ahead of the clock, and none beyond', async () => {
    const silentSince = key(noon - hourMs);
    const ahead = open({ keys: [silentSince, key(noon + 5 * minuteMs)] });
    const tooFar = open({ keys: [silentSince, key(noon + 5 * minuteMs + 1), key(noon + dayMs)] });

    expect(await ahead.look.only(noon)).toMatchObject({ status: 'ok' });
    expect(await tooFar.look.only(noon)).toMatchObject({
      status: 'critical',
      since: noon - hourMs,
      evidence: { lastObject: silentSince },
    });
  });
});

describe('freshness of an app that fell silent', () => {
  it('says since when, the last object and what to do', async () => {
    const { look } = open({ keys: [key(noon - 2 * hourMs), key(noon - 23 * minuteMs)] });

    const finding = await look.only(noon);

    expect(finding).toMatchObject({
      check: 'freshness',
      status: 'critical',
      since: noon - 23 * minuteMs,
      summary: 'shop has sent nothing for 23 min; its last batch is of 2026-11-20T11:37:00.000Z',
      evidence: { lastObject: key(noon - 23 * minuteMs), silentMinutes: 23, thresholdMinutes: 15 },
    });
    // A smoke of the app itself would count as its traffic, and resolve what is still wrong.
    expect(finding.remedy).toContain('cistern smoke cistern-canary');
    expect(finding.remedy).not.toContain('cistern smoke shop');
  });

  it('starts where it saw the app last, so that the newest key is found behind any number of older ones', async () => {
    const older = Array.from({ length: 3000 }, (_, n) => key(noon - dayMs + n));
    const { lister, look } = open({ keys: [...older, key(noon - minuteMs), key(noon)] });
    await look.only(noon);
    lister.requests.splice(0);

    const finding = await look.only(noon + 20 * minuteMs);

    expect(finding).toMatchObject({ status: 'critical', since: noon, evidence: { silentMinutes: 20 } });
    expect(lister.requests).toMatchObject([{ max: 1 }, { after: key(noon - minuteMs), max: 1000 }]);
  });

  it('says "or after" while a full page hides the newest key, and goes on from there', async () => {
    const many = Array.from({ length: 1500 }, (_, n) => key(noon - dayMs + n));
    const { lister, look } = open({ keys: many });

    const first = await look.only(noon);
    const second = await look.only(noon + 5 * minuteMs);

    expect(first).toMatchObject({ status: 'critical', evidence: { lastObjectIs: 'at or after' } });
    expect(first.summary).toContain('its last batch is of or after 2026-11-19T12:00:00.999Z');
    expect(second).toMatchObject({ status: 'critical', since: noon - dayMs + 1499 });
    expect(second.evidence).not.toHaveProperty('lastObjectIs');
    expect(lister.requests).toHaveLength(4);
  });

  it('stays silent when the archive has let its last key expire', async () => {
    const { look } = open({ keys: [], memory: { lastKey: key(noon - 100 * dayMs) } });

    expect(await look.only(noon)).toMatchObject({
      status: 'critical',
      since: noon - 100 * dayMs,
      evidence: { lastObject: key(noon - 100 * dayMs), silentMinutes: 144_000 },
    });
  });

  it('is told by the first request alone when the second one fails', async () => {
    const { lister, look } = open({ keys: [], memory: { lastKey: key(noon - hourMs) } });
    lister.failures.push(undefined, requestFailure());

    expect(await look.only(noon)).toMatchObject({
      status: 'critical',
      evidence: { lastObject: key(noon - hourMs), lastObjectIs: 'at or after' },
    });
  });

  it('recovers with the next key, and then starts from that', async () => {
    const { look } = open({ keys: [key(noon - hourMs), key(noon + 3 * minuteMs)] });

    expect(await look.only(noon - 30 * minuteMs)).toMatchObject({ status: 'critical' });
    expect(await look.only(noon + 10 * minuteMs)).toMatchObject({ status: 'ok' });
    expect(await look.only(noon + hourMs)).toMatchObject({ status: 'critical', since: noon + 3 * minuteMs });
  });
});

describe('freshness of an app that was never seen', () => {
  it('is a warning for a day, then critical, also over the hours in which nobody looks', async () => {
    const { lister, look } = open({ app: { activeHours: office } });
    // 08:00 UTC is outside, and counts as listed.
    const listed = Date.UTC(2026, 10, 19, 8);

    expect(await look.only(listed)).toMatchObject({ status: 'skipped' });
    expect(await look.only(listed + 2 * hourMs)).toMatchObject({ status: 'warning', since: listed });
    expect(await look.only(listed + dayMs)).toMatchObject({ status: 'skipped' });
    expect(await look.only(listed + 26 * hourMs)).toMatchObject({ status: 'critical', since: listed });
    expect(lister.requests).toHaveLength(4);
  });

  it('says how to add its drain', async () => {
    const finding = await open().look.only(noon);

    expect(finding.summary).toBe('shop has never sent anything: there is no key under logs/shop/');
    expect(finding.remedy).toContain('cistern drain add shop');
  });

  it('is not taken for it when it was silent for long before anybody watched', async () => {
    expect(await open({ keys: [key(noon - 50 * dayMs)] }).look.only(noon)).toMatchObject({
      status: 'critical',
      since: noon - 50 * dayMs,
    });
  });
});

const office: ActiveHours = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '09:00',
  to: '17:00',
  zone: 'UTC',
};

describe('freshness and active hours', () => {
  const app = { activeHours: office };

  it('asks nothing outside of them', async () => {
    const { lister, look } = open({ app, keys: [key(noon)] });

    expect(await look.only(Date.UTC(2026, 10, 20, 17))).toMatchObject({ status: 'skipped', remedy: '' });
    expect(await look.only(Date.UTC(2026, 10, 21, 12))).toMatchObject({ status: 'skipped' });
    expect(lister.requests).toHaveLength(0);
  });

  it('counts active minutes over the weekend', async () => {
    const lastOfFriday = key(Date.UTC(2026, 10, 20, 16, 55));
    const { look } = open({ app, keys: [lastOfFriday] });
    const monday = (minute: number) => Date.UTC(2026, 10, 23, 9, minute);

    expect(await look.only(monday(0))).toMatchObject({ status: 'ok' });
    expect(await look.only(monday(10))).toMatchObject({ status: 'ok' });
    expect(await look.only(monday(11))).toMatchObject({
      status: 'critical',
      summary: expect.stringContaining('for 16 min of its active hours'),
      evidence: { silentMinutes: 16 },
    });
  });
});

describe('freshness in a process that receives by itself', () => {
  const keys = [key(noon - dayMs)];

  it('does not blame the app for the time before it was up', async () => {
    const { lister, look } = open({ keys, startedAt: noon });

    expect(await look.only(noon + 5 * minuteMs)).toMatchObject({ status: 'skipped' });
    expect(await look.only(noon + 15 * minuteMs - 1)).toMatchObject({ status: 'skipped' });
    expect(lister.requests).toHaveLength(2);
    expect(await look.only(noon + 16 * minuteMs)).toMatchObject({
      status: 'critical',
      since: noon - dayMs,
      evidence: { silentMinutes: 16 },
    });
  });

  it('is seen the same by one that looks beside it', async () => {
    const serve = open({ keys, startedAt: noon });
    const { memory } = await serve.look.only(noon + minuteMs);

    const beside = open({ keys, memory: memory ?? {} });

    expect(await beside.look.only(noon + 5 * minuteMs)).toMatchObject({ status: 'skipped' });
    expect(await beside.look.only(noon + 16 * minuteMs)).toMatchObject({
      status: 'critical',
      evidence: { silentMinutes: 16 },
    });
  });

  it('is ok as soon as something has come', async () => {
    const { look } = open({ keys: [...keys, key(noon + minuteMs)], startedAt: noon });

    expect(await look.only(noon + 2 * minuteMs)).toMatchObject({ status: 'ok' });
  });
});

describe('freshness that can not be told', () => {
  it('is unknown when the list fails, and keeps what was remembered', async () => {
    const { lister, look } = open({ keys: [], memory: { lastKey: key(noon - hourMs) } });
    lister.failures.push(requestFailure());

    const finding = await look.only(noon);

    expect(finding).toMatchObject({ status: 'unknown', evidence: {} });
    expect(finding.summary).toContain('no answer from the store');
    expect(look.memoryOf('shop')).toEqual({ lastKey: key(noon - hourMs) });
  });

  it('is unknown when nobody can say whether the app was ever seen', async () => {
    const { lister, look } = open();
    lister.failures.push(undefined, requestFailure());

    expect(await look.only(noon)).toMatchObject({ status: 'unknown' });
  });

  it('is unknown for every app when the time is up', async () => {
    const { look } = open({ keys: [key(noon)] });

    expect(await look.only(noon, AbortSignal.abort(new Error('took longer than 60 s')))).toMatchObject({
      status: 'unknown',
      summary: expect.stringContaining('took longer than 60 s'),
    });
  });

  it('ignores a memory that is no key of the app', async () => {
    const { look } = open({ memory: { lastKey: key(noon - hourMs, 'other' as AppName) } });

    expect(await look.only(noon)).toMatchObject({ status: 'warning' });
  });
});

describe('freshness beside objects that are no keys', () => {
  const day = 'logs/shop/2026/11/20/';
  const inSpan = `${day}${noon - 10 * minuteMs}-notes.txt`;
  const last = key(noon - hourMs);

  it.each([
    ['behind all keys', 'logs/shop/README'],
    ['before all keys', 'logs/shop/.keep'],
    ['behind those of the day', `${day}zzz`],
    ['of another day', 'logs/shop/2026/11/19/zzz'],
    ['among those of the span', inSpan],
    [
      'a key in the wrong day',
      `logs/shop/2026/11/21/${noon - minuteMs}-00000000-0123-8abc-8def-0123456789ab.gz`,
    ],
  ])('does not count one %s', async (_, foreign) => {
    const silent = open({ keys: [last, foreign], memory: { lastKey: last } });
    const sending = open({ keys: [last, foreign, key(noon - minuteMs)] });

    expect(await silent.look.only(noon)).toMatchObject({
      status: 'critical',
      evidence: { lastObject: last },
    });
    expect(await sending.look.only(noon)).toMatchObject({ status: 'ok' });
    expect(silent.lister.requests).toHaveLength(2);
    expect(sending.lister.requests.length).toBeLessThanOrEqual(2);
  });

  it('does not take one for the app', async () => {
    expect(await open({ keys: ['logs/shop/README', 'logs/shop/.keep'] }).look.only(noon)).toMatchObject({
      status: 'warning',
    });
  });

  it('is unknown, and says what to remove, where they fill a page', async () => {
    const foreign = Array.from({ length: 1500 }, (_, n) => `${inSpan}.${String(n).padStart(4, '0')}`);
    const { lister, look } = open({ keys: [last, ...foreign, key(noon)], memory: { lastKey: last } });

    const finding = await look.only(noon);

    expect(finding).toMatchObject({ status: 'unknown', evidence: { foreignObject: foreign[0] } });
    expect(finding.remedy).toContain('logs/shop/');
    expect(lister.requests).toHaveLength(2);
  });
});

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

describe('freshness of many apps', () => {
  const names = Array.from({ length: 100 }, (_, n) => `app-${String(n).padStart(3, '0')}` as AppName);
  const apps = names.map((name) => ({ name, silenceMinutes: 15 }));

  it('looks at each, in order, at several at once but not at all', async () => {
    const keys = names.flatMap((name, n) => (n % 2 === 0 ? [key(noon, name)] : [key(noon - hourMs, name)]));
    const lister = new MemoryPageLister(keys, { latencyMs: 1 });

    const findings = await new RepeatedLook(freshnessCheck({ apps, lister })).at(noon);

    expect(findings?.map(({ subject }) => subject)).toEqual(names);
    expect(findings?.map(({ status }) => status)).toEqual(
      names.map((_, n) => (n % 2 === 0 ? 'ok' : 'critical')),
    );
    expect(lister.requests).toHaveLength(150);
    expect(lister.busiest).toBeGreaterThan(4);
    expect(lister.busiest).toBeLessThan(50);
  });

  it('lets one failure be the failure of one app', async () => {
    const lister = new MemoryPageLister(names.map((name) => key(noon, name)));
    lister.failures.push(undefined, requestFailure());

    const findings = await new RepeatedLook(freshnessCheck({ apps, lister })).at(noon);

    expect(findings?.filter(({ status }) => status === 'unknown')).toHaveLength(1);
    expect(findings?.filter(({ status }) => status === 'ok')).toHaveLength(99);
  });
});
