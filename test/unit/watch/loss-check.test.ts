import { beforeEach, describe, expect, it } from 'vitest';
import type { Finding, Memory } from '../../../lib/findings/finding.ts';
import { lossCheck } from '../../../lib/watch/checks/loss/loss.ts';
import { lossKinds } from '../../../lib/watch/checks/loss/loss-kinds.ts';
import { type CountedEvent, ScriptedCounters } from '../../support/scripted-counters.ts';

const minute = 60_000;
const start = Date.parse('2026-11-21T12:00:00Z');

let counters: ScriptedCounters;
let memory: Memory | undefined;
beforeEach(() => {
  counters = new ScriptedCounters();
  memory = undefined;
});

/** One look, so many minutes after the start. Its memory goes through JSON, as the state does. */
async function look(afterMinutes: number, listed = true, temporaryApps: string[] = []): Promise<Finding[]> {
  const now = start + afterMinutes * minute;
  counters.now = now;
  const findings = await lossCheck({ counters, listed, temporaryApps }).look({
    now,
    signal: new AbortController().signal,
    remembered: (subject) => (subject === 'stage' ? memory : undefined),
    rememberedSubjects: () => (memory === undefined ? [] : ['stage']),
  });
  const stage = findings?.find(({ subject }) => subject === 'stage');
  if (stage?.memory !== undefined) memory = JSON.parse(JSON.stringify(stage.memory));
  expect(findings?.filter((finding) => finding === stage)).toHaveLength(1);
  return (findings ?? []).filter((finding) => finding !== stage);
}

const brief = (findings: readonly Finding[]) =>
  findings.map(({ subject, status, evidence }) => [subject, status, evidence['count']]);

function lost(afterMinutes: number, count: number, more: Partial<CountedEvent> = {}): CountedEvent {
  return { counter: 'messages-lost', app: 'shop', count, at: start + afterMinutes * minute, ...more };
}

describe('the loss check', () => {
  it('is quiet, and says that it could look, when nothing is lost', async () => {
    counters.add({ counter: 'messages', app: 'shop', count: 500, at: start });

    expect(await look(5)).toEqual([]);
    expect(counters.queries.every(({ app }) => app === undefined)).toBe(true);
  });

  it('misses no app on a list that nobody has made yet', async () => {
    counters.add({ counter: 'unlisted', app: 'shop', count: 1, at: start });
    counters.add(lost(0, 7));
    expect(brief(await look(5, false))).toEqual([['messages-lost shop', 'warning', 7]]);
  });

  it.each([
    ['set-aside', 'critical', '2 bad spooled messages were set aside whole, and are not in the archive'],
    ['store-circuit-opened', 'warning', "2 times the archive's store failed and was avoided"],
    ['spool-circuit-opened', 'warning', '2 times the spool failed and was avoided'],
  ] as const)('tells of %s: %s', async (counter, status, said) => {
    counters.add({ counter, count: 2, at: start });

    const [finding, ...others] = await look(5);

    expect(others).toEqual([]);
    expect(finding).toMatchObject({ subject: counter, status, summary: expect.stringContaining(said) });
    expect(finding?.remedy).toMatch(/cistern spool|log/);
  });

  it('says nothing of what merely goes another way, or waits', async () => {
    counters.add(
      { counter: 'spooled', app: 'shop', count: 500, at: start },
      { counter: 'left-in-spool', count: 500, at: start },
      { counter: 'store-circuit-closed', count: 5, at: start },
      { counter: 'messages-lost-elsewhere', app: 'shop', count: 1_101, at: start },
    );

    expect(await look(5)).toEqual([]);
  });

  it('tells of a loss once, by app, and since when', async () => {
    counters.add(lost(1, 7), lost(3, 2, { app: 'billing' }));

    const [billing, shop] = (await look(5)).sort((a, b) => (a.subject < b.subject ? -1 : 1));

    expect(shop).toMatchObject({
      check: 'loss',
      subject: 'messages-lost shop',
      app: 'shop',
      status: 'warning',
      summary: 'shop: 7 messages were declared lost by Heroku',
      since: start + minute,
      evidence: { count: 7 },
    });
    expect(billing).toMatchObject({ subject: 'messages-lost billing', evidence: { count: 2 } });
    expect(await look(10)).toEqual([]);
    expect(await look(15)).toEqual([]);
  });

  it('counts what arrives late once, into minutes that were told before', async () => {
    counters.add(lost(1, 7), lost(1, 3, { visibleAt: start + 12 * minute }));

    expect(brief(await look(5))).toEqual([['messages-lost shop', 'warning', 7]]);
    expect(await look(10)).toEqual([]);
    expect(brief(await look(15))).toEqual([['messages-lost shop', 'warning', 3]]);
    expect(await look(20)).toEqual([]);
  });

  it('counts a minute that is not over yet once', async () => {
    counters.add(lost(4.9, 1), lost(5.1, 1), lost(5.5, 1));

    expect(brief(await look(5.2))).toEqual([['messages-lost shop', 'warning', 2]]);
    expect(brief(await look(10))).toEqual([['messages-lost shop', 'warning', 1]]);
  });

  it('takes what a new process counts in a minute for news, whatever another had counted in it', async () => {
    counters.add(lost(4.2, 7));
    expect(brief(await look(4.5))).toEqual([['messages-lost shop', 'warning', 7]]);

    counters = new ScriptedCounters();
    counters.since = start + 4.6 * minute;
    counters.add(lost(4.8, 3));

    expect(brief(await look(5))).toEqual([['messages-lost shop', 'warning', 3]]);
    expect(await look(10)).toEqual([]);
  });

  it('reads what was counted while the watch paused, up to some hours', async () => {
    await look(0);
    counters.add(lost(10, 1), lost(100, 2), lost(190, 4));

    expect(brief(await look(200))).toEqual([['messages-lost shop', 'warning', 7]]);

    counters.add(lost(201, 8), lost(24 * 60 - 1, 16));
    expect(brief(await look(24 * 60))).toEqual([['messages-lost shop', 'warning', 16]]);
  });

  it('does not tell again what it told before a look that could not read', async () => {
    counters.add(lost(1, 7));
    await look(5);
    counters.fail = new Error('allow cloudwatch:GetMetricData');

    const before = memory;
    const now = start + 10 * minute;
    const findings = await lossCheck({ counters }).look({
      now,
      signal: new AbortController().signal,
      remembered: () => memory,
      rememberedSubjects: () => ['stage'],
    });

    expect(findings).toMatchObject([{ subject: 'stage', status: 'unknown' }]);
    expect(findings?.[0]).not.toHaveProperty('memory');
    expect(findings?.[0]?.summary).toContain('allow cloudwatch:GetMetricData');
    memory = before;
    counters.fail = undefined;
    counters.add(lost(8, 1));
    expect(brief(await look(15))).toEqual([['messages-lost shop', 'warning', 1]]);
  });

  it('is critical from 1,000 messages in a look', async () => {
    counters.add(lost(1, 999));
    expect(brief(await look(5))).toEqual([['messages-lost shop', 'warning', 999]]);
    counters.add(lost(16, 1_000));
    expect(await look(10)).toEqual([]);
    expect(brief(await look(20))).toEqual([['messages-lost shop', 'critical', 1_000]]);
  });

  it('is critical from 1,000 messages of all apps together', async () => {
    counters.add(lost(1, 600), lost(1, 400, { app: 'billing' }));
    expect(brief(await look(5))).toEqual([
      ['messages-lost shop', 'critical', 600],
      ['messages-lost billing', 'critical', 400],
    ]);
  });

  it('is critical when messages are lost in three looks running', async () => {
    for (const at of [1, 6, 11, 21, 26]) counters.add(lost(at, 1));

    const statuses = [];
    for (const at of [5, 10, 15, 20, 25, 30]) statuses.push((await look(at)).map(({ status }) => status));

    expect(statuses).toEqual([['warning'], ['warning'], ['critical'], [], ['warning'], ['warning']]);
  });

  it('says of the stage what no app accounts for', async () => {
    counters.add(
      { counter: 'undelivered', app: 'shop', count: 2, at: start },
      { counter: 'undelivered', count: 3, at: start },
    );

    const findings = await look(5);

    expect(brief(findings)).toEqual([
      ['undelivered shop', 'critical', 2],
      ['undelivered', 'critical', 3],
    ]);
    expect(findings[1]).not.toHaveProperty('app');
  });

  it('does not tell again of an app that is known only later', async () => {
    counters.add(lost(1, 5));
    counters.unknownApps.add('shop');
    expect(brief(await look(5))).toEqual([['messages-lost', 'warning', 5]]);
    counters.unknownApps.clear();
    counters.add(lost(1, 2, { visibleAt: start + 8 * minute }));

    expect(brief(await look(10))).toEqual([['messages-lost shop', 'warning', 2]]);
    expect(await look(15)).toEqual([]);
  });

  it.each([
    ['undelivered', 'critical'],
    ['malformed', 'warning'],
    ['refused-drain-known', 'critical'],
    ['refused-drain-unknown', 'warning'],
    ['registry-unavailable', 'critical'],
    ['too-large', 'critical'],
    ['unlisted', 'warning'],
    ['mismatched', 'warning'],
    ['function-errors', 'critical'],
    ['function-throttles', 'critical'],
  ] as const)('%s is %s', async (counter, status) => {
    counters.add({ counter, count: 1, at: start });

    const [finding, ...others] = await look(5);

    expect(others).toEqual([]);
    expect(finding).toMatchObject({ subject: counter, status, evidence: { count: 1 } });
    expect(finding?.remedy).not.toBe('');
  });

  it('says nothing of the canary, which may send without being listed', async () => {
    counters.add(
      { counter: 'unlisted', app: 'cistern-canary', count: 1, at: start },
      { counter: 'unlisted', app: 'd-0123abcd', count: 4, at: start },
    );

    expect(brief(await look(5))).toEqual([['unlisted', 'warning', 4]]);
  });

  it('makes one finding of all apps that nobody listed, and names some of them', async () => {
    const apps = Array.from({ length: 25 }, (_, n) => `shop-pr-${String(n).padStart(2, '0')}`);
    counters.add(...apps.map((app) => ({ counter: 'unlisted' as const, app, count: 2, at: start })));

    const [finding, ...others] = await look(5);

    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      subject: 'unlisted',
      status: 'warning',
      evidence: { count: 50, apps: 25 },
    });
    expect(finding?.app).toBeUndefined();
    expect(finding?.summary).toContain('shop-pr-00, shop-pr-01');
    expect(finding?.summary).toContain('and 5 more');
  });

  it.each([
    [['shop-pr-*'], ['other', 'shop-prod']],
    [['shop-pr-*', 'other'], ['shop-prod']],
    [['s*-p*'], ['other']],
    [['shop-pr-*', 'shop-prod', 'o*r'], []],
  ])('says nothing of apps that come and go: %j leaves %j', async (patterns, left) => {
    const apps = ['shop-pr-1', 'shop-prod', 'other'];
    counters.add(...apps.map((app) => ({ counter: 'unlisted' as const, app, count: 1, at: start })));

    const found = await look(5, true, patterns);

    expect(found.map(({ evidence }) => evidence['apps'])).toEqual(left.length === 0 ? [] : [left.length]);
    for (const app of left) expect(found[0]?.summary).toContain(app);
  });

  it('remembers little, however long it looks', async () => {
    for (let at = 0; at < 600; at += 1) {
      counters.add(
        ...lossKinds.map(({ counter }) => ({ counter, app: 'shop', count: 1, at: start + at * minute })),
      );
    }
    for (let at = 5; at <= 600; at += 5) await look(at);

    expect(JSON.stringify(memory).length).toBeLessThan(8_000);
    for (let at = 605; at <= 630; at += 5) await look(at);
    expect(Object.keys(memory ?? {})).toEqual(['until']);
  });
});
