import { describe, expect, it } from 'vitest';
import type { ActiveHours } from '../../../lib/watch/active-hours.ts';
import { dayMs, hourMs, key, minuteMs, noon, open } from '../../support/freshness.ts';

const office: ActiveHours = {
  days: ['mon', 'tue', 'wed', 'thu', 'fri'],
  from: '09:00',
  to: '17:00',
  zone: 'UTC',
};

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
