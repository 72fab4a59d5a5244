import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../lib/alerts/channels/channel.ts';
import { sendTest, testAlert } from '../../../lib/alerts/test-alert.ts';
import { alertsConfig, type Route } from '../../../lib/config/alert-config.ts';
import type { Delivery } from '../../../lib/incidents/alert.ts';
import { type Alert, alert as alertSchema } from '../../../lib/incidents/alert.ts';
import { at } from '../../support/alerts.ts';

const where = { stage: 'prod', environment: 'production', target: '--stage prod', now: at };
const accepted: Delivery = { outcome: 'accepted' };
const doubtful: Delivery = { outcome: 'retry', error: 'no answer', mayHaveArrived: true, busy: false };
const rejected: Delivery = { outcome: 'rejected', error: 'a wrong key' };

function routeOf(route: unknown): Route | undefined {
  const channels = { chat: { type: 'slack' } };
  return alertsConfig.parse({ channels, routes: [route] }).routes[0];
}

describe('testAlert', () => {
  it('is a whole alert, marked as a test, with an id of its own every time', () => {
    const [one, other] = [testAlert(where), testAlert(where)];

    expect(alertSchema.parse(one)).toMatchObject({ test: true, reason: 'test', severity: 'P1', apps: [] });
    expect(one.incident).toMatch(/^inc_20260131_0915_/);
    expect(one.incident).not.toBe(other.incident);
    expect(one.command).toBe('npm run -s cistern -- alert list --stage prod');
  });

  it('looks like what its route takes', () => {
    const route = routeOf({
      severities: ['P3', 'P4'],
      checks: ['volume'],
      apps: ['shop', 'blog'],
      environments: ['staging'],
      channels: ['chat'],
    });

    expect(testAlert({ ...where, route })).toMatchObject({
      severity: 'P3',
      check: 'volume',
      apps: ['shop'],
      environment: 'staging',
    });
  });
});

describe('sendTest', () => {
  const send = async (type: 'pagerduty' | 'slack', answers: Delivery[]) => {
    const given: Alert[] = [];
    const channel: Channel = {
      name: 'x',
      deliver: async (alert) => {
        given.push(alert);
        return answers.shift() ?? accepted;
      },
    };
    return { delivery: await sendTest(channel, type, testAlert(where), 1_000), given };
  };

  it('resolves at PagerDuty what it opened there, and sends others one alert only', async () => {
    const pagerDuty = await send('pagerduty', []);
    expect(pagerDuty.given.map(({ kind, test }) => [kind, test])).toEqual([
      ['trigger', true],
      ['resolve', true],
    ]);
    expect(new Set(pagerDuty.given.map(({ incident }) => incident)).size).toBe(1);
    expect((await send('slack', [])).given.map(({ kind }) => kind)).toEqual(['trigger']);
  });

  it('resolves what may have been opened, and still says that it is in doubt', async () => {
    const { delivery, given } = await send('pagerduty', [doubtful]);

    expect(given.map(({ kind }) => kind)).toEqual(['trigger', 'resolve']);
    expect(delivery).toEqual(doubtful);
  });

  it('says when the resolve was not taken: a page is open', async () => {
    expect((await send('pagerduty', [accepted, doubtful])).delivery).toEqual(doubtful);
  });

  it('has nothing to resolve where it was rejected', async () => {
    const { delivery, given } = await send('pagerduty', [rejected]);

    expect(given).toHaveLength(1);
    expect(delivery).toEqual(rejected);
  });
});
