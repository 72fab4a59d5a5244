import { describe, expect, it } from 'vitest';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { freshnessCheck } from '../../../lib/watch/checks/freshness/freshness.ts';
import { dayMs, hourMs, key, minuteMs, noon, open, requestFailure } from '../../support/freshness.ts';
import { MemoryPageLister } from '../../support/memory-page-lister.ts';
import { RepeatedLook } from '../../support/repeated-look.ts';

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
