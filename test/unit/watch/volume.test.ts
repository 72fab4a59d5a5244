import { describe, expect, it } from 'vitest';
import type { AppName } from '../../../lib/drains/app-name.ts';
import type { CounterQuery, CountersReader } from '../../../lib/metrics/counters-reader.ts';
import type { ActiveHours } from '../../../lib/watch/active-hours.ts';
import { type VolumeApp, volumeCheck } from '../../../lib/watch/checks/volume/volume.ts';
import { RepeatedLook } from '../../support/repeated-look.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
/** A Friday. At twenty past, the hour from 11:00 is the last full one. */
const judged = Date.UTC(2026, 10, 20, 11);
const now = judged + 80 * minuteMs;

type Traffic = (hour: number) => number;

/** Counts what apps would have sent, hour by hour. */
class Counted implements CountersReader {
  readonly #traffic: ReadonlyMap<string, Traffic>;
  readonly asked: (readonly CounterQuery[])[] = [];
  readonly failures: Error[] = [];

  constructor(traffic: Readonly<Record<string, Traffic>>) {
    this.#traffic = new Map(Object.entries(traffic));
  }

  async sums(
    queries: readonly CounterQuery[],
    { from, to, periodSeconds }: Parameters<CountersReader['sums']>[1],
  ): Promise<readonly ReadonlyMap<number, number>[]> {
    this.asked.push(queries);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    expect(periodSeconds).toBe(3600);
    return queries.map(({ counter, app = '' }) => {
      const sums = new Map<number, number>();
      for (let hour = Math.ceil(from / hourMs) * hourMs; hour < to; hour += hourMs) {
        const messages = counter === 'messages' ? (this.#traffic.get(app)?.(hour) ?? 0) : 0;
        if (messages > 0) sums.set(hour, messages);
      }
      return sums;
    });
  }

  async apps(): Promise<readonly string[]> {
    return [...this.#traffic.keys()];
  }
}

function app(name: string, activeHours?: ActiveHours): VolumeApp {
  return { name: name as AppName, ...(activeHours === undefined ? {} : { activeHours }) };
}

function lookAtShop(traffic: Traffic, activeHours?: ActiveHours): RepeatedLook {
  return new RepeatedLook(
    volumeCheck({ apps: [app('shop', activeHours)], counters: new Counted({ shop: traffic }) }),
  );
}

/** So many an hour always, and another number in the judged one. */
function usually(messages: number, inJudged: number, at = judged): Traffic {
  return (hour) => (hour === at ? inJudged : messages);
}

describe('volume', () => {
  it('warns of an hour with under 20 % of the usual messages', async () => {
    const finding = await lookAtShop(usually(1000, 199)).only(now);

    expect(finding).toMatchObject({
      check: 'volume',
      subject: 'shop',
      app: 'shop',
      status: 'warning',
      summary: 'shop sent 199 messages from 11:00 to 12:00 UTC, 19 % of the usual 1000',
      since: judged,
      evidence: { hour: '2026-11-20T11:00:00.000Z', messages: 199, usual: 1000, weeks: 4 },
    });
    expect(finding.remedy).toContain('cistern cat shop');
  });

  it('is ok from 20 % on', async () => {
    expect(await lookAtShop(usually(1000, 200)).only(now)).toMatchObject({ status: 'ok', remedy: '' });
    expect(await lookAtShop(usually(1000, 5000)).only(now)).toMatchObject({ status: 'ok' });
  });

  it('counts an hour with nothing at all', async () => {
    expect(await lookAtShop(usually(1000, 0)).only(now)).toMatchObject({ status: 'warning' });
  });

  it('waits until the hour is counted, five minutes past', async () => {
    const at = (minute: number) => lookAtShop(usually(1000, 0)).only(judged + hourMs + minute * minuteMs);

    expect(await at(4)).toMatchObject({ status: 'ok' });
    expect(await at(5)).toMatchObject({ status: 'warning' });
  });

  it('judges each hour once', async () => {
    const look = lookAtShop(usually(1000, 0));

    expect(await look.at(now)).toHaveLength(1);
    expect(await look.at(now + 5 * minuteMs)).toBeUndefined();
    expect(await look.at(now + 44 * minuteMs)).toBeUndefined();
    expect(await look.only(now + 45 * minuteMs)).toMatchObject({ status: 'ok' });
  });

  it('asks once for all apps', async () => {
    const counters = new Counted({ shop: usually(1000, 0), till: usually(1000, 1000), blog: () => 0 });
    const apps = [app('shop'), app('till'), app('blog')];

    const findings = await new RepeatedLook(volumeCheck({ apps, counters })).at(now);

    expect(findings?.map(({ subject, status }) => [subject, status])).toEqual([
      ['shop', 'warning'],
      ['till', 'ok'],
      ['blog', 'skipped'],
    ]);
    expect(counters.asked).toHaveLength(1);
  });

  it('does not suspect a quiet weekend', async () => {
    const weekdaysOnly: Traffic = (hour) => ([0, 6].includes(new Date(hour).getUTCDay()) ? 150 : 10_000);

    expect(await lookAtShop(weekdaysOnly).only(now + dayMs)).toMatchObject({ status: 'ok' });
    expect(await lookAtShop(weekdaysOnly).only(now + 2 * dayMs)).toMatchObject({ status: 'ok' });
    expect(await lookAtShop(weekdaysOnly).only(now + 3 * dayMs)).toMatchObject({ status: 'ok' });
  });

  it('is moved neither by one week without anything nor by one with far too much', async () => {
    const odd: Traffic = (hour) => {
      if (hour === judged - 7 * dayMs) return 0;
      return hour === judged - 14 * dayMs ? 50_000 : usually(1000, 100)(hour);
    };

    expect(await lookAtShop(odd).only(now)).toMatchObject({ status: 'warning', evidence: { usual: 1000 } });
  });

  it('takes three weeks to know an app', async () => {
    const since =
      (start: number): Traffic =>
      (hour) =>
        hour < start ? 0 : usually(1000, 0)(hour);

    expect(await lookAtShop(since(judged - 20 * dayMs)).only(now)).toMatchObject({ status: 'skipped' });
    expect(await lookAtShop(since(judged - 21 * dayMs)).only(now)).toMatchObject({
      status: 'warning',
      evidence: { weeks: 3 },
    });
  });

  it('does not judge an app that sends little in that hour', async () => {
    expect(await lookAtShop(usually(99, 0)).only(now)).toMatchObject({ status: 'skipped', remedy: '' });
    expect(await lookAtShop(usually(100, 0)).only(now)).toMatchObject({ status: 'warning' });
  });

  it('is quiet outside the active hours, and judges none of their hours', async () => {
    const office: ActiveHours = { days: ['fri'], from: '12:00', to: '18:00', zone: 'UTC' };
    const judge = (hour: number) =>
      lookAtShop(usually(1000, 0, hour), office).only(hour + hourMs + 20 * minuteMs);

    expect(await judge(judged)).toMatchObject({ status: 'skipped' });
    expect(await judge(judged + hourMs)).toMatchObject({ status: 'warning' });
    expect(await judge(judged + 5 * hourMs)).toMatchObject({ status: 'warning' });
    expect(await judge(judged + 6 * hourMs)).toMatchObject({ status: 'skipped' });
  });

  it('compares the same hour on the wall after the clocks changed', async () => {
    // Opens at 9 in Berlin; a week after the clocks went back that is 8:00 UTC, and it was 7:00 before.
    const hours: ActiveHours = { days: ['fri'], from: '08:00', to: '18:00', zone: 'Europe/Berlin' };
    const opening: Traffic = (hour) => {
      const wall = new Date(hour + (hour < Date.UTC(2026, 9, 25, 1) ? 2 : 1) * hourMs).getUTCHours();
      return wall < 9 ? 150 : 10_000;
    };
    const eightOnTheWall = Date.UTC(2026, 9, 30, 7);

    const finding = await lookAtShop(opening, hours).only(eightOnTheWall + hourMs + 10 * minuteMs);

    expect(finding).toMatchObject({ status: 'ok', evidence: { messages: 150, usual: 150 } });
  });

  it('is unknown when the counters can not be read, and tries the same hour again', async () => {
    const counters = new Counted({ shop: usually(1000, 0) });
    const look = new RepeatedLook(volumeCheck({ apps: [app('shop')], counters }));
    counters.failures.push(new Error('GetMetricData is throttled'));

    expect(await look.only(now)).toMatchObject({
      status: 'unknown',
      summary: expect.stringContaining('GetMetricData is throttled'),
    });
    expect(await look.only(now + 5 * minuteMs)).toMatchObject({ status: 'warning' });
  });

  it('does not count an hour twice for an app when another one is added', async () => {
    const counters = new Counted({ shop: usually(1000, 0), till: usually(1000, 0) });
    const memories = { shop: { judgedHour: judged } };

    const look = new RepeatedLook(volumeCheck({ apps: [app('shop'), app('till')], counters }), memories);

    expect((await look.at(now))?.map(({ subject, status }) => [subject, status])).toEqual([
      ['shop', 'skipped'],
      ['till', 'warning'],
    ]);
  });

  it('has nothing to find without apps', async () => {
    expect(await new RepeatedLook(volumeCheck({ apps: [], counters: new Counted({}) })).at(now)).toEqual([]);
  });
});
