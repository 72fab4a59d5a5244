import { describe, expect, it } from 'vitest';
import { AlertsCheck, type AlertsCheckPorts } from '../../../lib/alerts/alerts-check.ts';
import type { Subscription, SubscriptionReader } from '../../../lib/alerts/subscription-reader.ts';
import { anAlert, at, queued, recovery } from '../../support/alerts.ts';

const minute = 60_000;
const arn = 'arn:aws:sns:eu-west-1:111122223333:urgent';

async function look(ports: Partial<AlertsCheckPorts>) {
  const check = new AlertsCheck({
    channels: ['on-call', 'chat'],
    wanted: true,
    broken: [],
    unsent: [],
    topics: new Map(),
    ...ports,
  });
  const findings = await check.look({
    now: at,
    signal: AbortSignal.timeout(10_000),
    remembered: () => undefined,
    rememberedSubjects: () => [],
  });
  expect(new Set(findings.map(({ subject }) => subject)).size).toBe(findings.length);
  return new Map(findings.map((finding) => [finding.subject, finding]));
}

function subscribed(...subscriptions: Subscription[]): SubscriptionReader {
  return { subscriptions: async () => subscriptions };
}

const confirmed = { protocol: 'email', confirmed: true };
const pending = { protocol: 'https', confirmed: false };

describe('the check of alerts', () => {
  it('finds channels good that take alerts', async () => {
    const findings = await look({ unsent: [queued('chat', anAlert({ at: at - minute }))] });

    expect([...findings.values()].map(({ subject, status }) => [subject, status])).toEqual([
      ['on-call', 'ok'],
      ['chat', 'ok'],
    ]);
  });

  it('is critical of a channel without a good secret', async () => {
    const findings = await look({ broken: [{ name: 'chat', why: 'channel chat has no secret' }] });

    expect(findings.get('chat')).toMatchObject({
      status: 'critical',
      summary: expect.stringContaining('has no secret'),
      remedy: expect.stringContaining('cistern alert set chat'),
    });
    expect(findings.get('on-call')?.status).toBe('ok');
  });

  it('is critical of a channel that rejected the last attempt, since the first alert that it did not take', async () => {
    const rejection = { rejected: true, lastError: 'events.pagerduty.com answers 403' } as const;
    const findings = await look({
      unsent: [
        queued('on-call', anAlert(), { ...rejection, queuedAt: at - 5 * minute }),
        queued('on-call', recovery(), { queuedAt: at - minute }),
      ],
    });

    expect(findings.get('on-call')).toMatchObject({
      status: 'critical',
      summary: expect.stringContaining('answers 403'),
      since: at - 5 * minute,
      evidence: { rejected: 1, unsent: 2 },
    });
  });

  it('warns of a channel that has not taken an alert for over ten minutes', async () => {
    const unsent = [queued('chat', anAlert(), { queuedAt: at - 11 * minute, lastError: 'not reached' })];

    expect((await look({ unsent })).get('chat')).toMatchObject({
      status: 'warning',
      summary: 'Channel chat has not taken an alert for 11 min: not reached',
    });
  });

  it('warns where no channel is configured', async () => {
    const findings = await look({ channels: [] });

    expect([...findings.values()]).toMatchObject([{ subject: 'channels', status: 'warning' }]);
  });

  it('asks nobody for a channel who watches nothing yet, and forgets that it did', async () => {
    expect(await look({ channels: [], wanted: false })).toEqual(new Map());
  });

  it.each([
    ['confirmed', 'ok', subscribed(confirmed)],
    ['partly confirmed', 'warning', subscribed(confirmed, pending)],
    ['without anybody', 'warning', subscribed()],
    ['unreadable', 'unknown', { subscriptions: () => Promise.reject(new Error('AccessDenied')) }],
  ] as const)('judges a topic that is %s: %s', async (_, status, subscriptions) => {
    const findings = await look({ topics: new Map([['topic urgent', arn]]), subscriptions });

    expect(findings.get('topic urgent')?.status).toBe(status);
    expect(findings.get('chat')?.status).toBe('ok');
  });

  it('says one thing of a channel and its topic: the worse', async () => {
    const topics = new Map([['chat', arn]]);
    const broken = [{ name: 'chat', why: 'no topic' }];

    expect((await look({ topics, subscriptions: subscribed() })).get('chat')?.status).toBe('warning');
    expect((await look({ topics, subscriptions: subscribed(confirmed) })).get('chat')?.status).toBe('ok');
    expect((await look({ topics, broken, subscriptions: subscribed() })).get('chat')?.status).toBe(
      'critical',
    );
  });
});
