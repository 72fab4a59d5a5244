import { describe, expect, test } from 'vitest';
import { mute } from '../../../lib/incidents/commands.ts';
import { reconcile } from '../../../lib/incidents/rules/reconcile.ts';
import { settle } from '../../../lib/incidents/rules/settle.ts';
import { emptyState } from '../../../lib/incidents/state.ts';
import {
  accepted,
  channelsNamed,
  finding,
  fresh,
  IncidentSteps,
  minute,
  rejected,
  resultsOf,
  rulesFor,
  start,
  timedOut,
  unreached,
} from '../../support/incident-steps.ts';
import { bad, good, routed, warning } from '../../support/routed-incident.ts';

describe('routes', () => {
  test('a rise is told where it was told before, and where it is routed now', () => {
    const steps = routed();
    steps.run(warning);
    expect(steps.toldNow()).toEqual(['mail trigger opened']);
    steps.run(bad);
    expect(steps.toldNow()).toEqual(['page trigger escalated', 'mail trigger escalated']);
    expect(steps.runFor(10, good).sort()).toEqual(['mail resolve resolved', 'page resolve resolved']);
  });

  test('a group is told wherever any of its apps is', () => {
    const routes = [
      { apps: ['app-a'], channels: ['page'] },
      { apps: ['app-b'], channels: ['mail'] },
      { channels: ['boss'] },
    ];
    const channels = channelsNamed('page', 'mail', 'boss', 'idle');
    const apps = [{ name: 'app-a' }, { name: 'app-b' }];
    const steps = new IncidentSteps(rulesFor({ apps, alerts: { channels, routes } }));
    steps.run(...['app-a', 'app-b', 'app-c'].map((app) => fresh(app, 'critical')));
    expect(steps.told.sort()).toEqual(['boss', 'mail', 'page'].map((name) => `${name} trigger opened`));
  });

  test('a canary with apps is told to whoever hears of canaries', () => {
    const routes = [{ apps: ['app-a'], channels: ['page'] }, { channels: ['mail'] }];
    const alerts = { channels: channelsNamed('page', 'mail'), routes };
    const steps = new IncidentSteps(rulesFor({ apps: [{ name: 'app-a' }], alerts }));
    steps.run(finding('canary', 'canary', 'critical'), fresh('app-a', 'critical'));
    expect(steps.told.sort()).toEqual(['mail trigger opened', 'page trigger opened']);
  });

  test('an app that joins an incident is told to whoever hears of it and was not told', () => {
    const routes = [
      { apps: ['app-a'], channels: ['page'] },
      { apps: ['app-b'], channels: ['boss', 'mail'] },
      { channels: ['mail'] },
    ];
    const apps = [{ name: 'app-a' }, { name: 'app-b' }];
    const alerts = { channels: channelsNamed('page', 'mail', 'boss'), routes };
    const steps = new IncidentSteps(rulesFor({ apps, alerts }));
    const lost = finding('canary', 'canary', 'critical');
    steps.run(lost);
    steps.run(lost);
    expect(steps.toldNow()).toEqual(['mail trigger opened']);
    steps.run(lost, fresh('app-a', 'critical'));
    expect(steps.toldNow()).toEqual(['page trigger opened']);
    const { id } = steps.incident();
    steps.do((state, now, rules) =>
      mute(state, { scope: 'all', until: now + 60 * minute, reason: 'r', by: 'ann', now }, rules),
    );
    const all = [lost, fresh('app-a', 'critical'), fresh('app-b', 'critical')];
    expect(steps.runFor(55, ...all)).toEqual([]);
    expect(steps.incident().id).toBe(id);
    expect(steps.runFor(10, ...all)).toContain('boss trigger unmuted');
  });

  test('an incident that no route matches goes to every channel', () => {
    const routes = [{ checks: ['loss'], channels: ['page'] }];
    const alerts = { channels: channelsNamed('page', 'mail'), routes };
    const steps = new IncidentSteps(rulesFor({ alerts }));
    steps.run(bad);
    expect(steps.told).toEqual(['page trigger opened', 'mail trigger opened']);
  });

  test('environments', () => {
    const routes = [{ environments: ['staging'], channels: ['mail'] }, { channels: ['page'] }];
    const alerts = { channels: channelsNamed('page', 'mail'), routes };
    for (const [environment, told] of [
      ['staging', 'mail'],
      ['production', 'page'],
    ]) {
      const steps = new IncidentSteps(rulesFor({ alerts, environment }));
      steps.run(bad);
      expect(steps.told).toEqual([`${told} trigger opened`]);
    }
  });

  test('a channel that is configured only later is told then', () => {
    const steps = new IncidentSteps(rulesFor({ alerts: {} }));
    steps.run(bad);
    steps.rules = rulesFor();
    expect(steps.runFor(10, bad)).toEqual(['page trigger opened', 'mail trigger opened']);
  });

  test('a channel that was removed is forgotten, and another told instead', () => {
    const steps = new IncidentSteps(rulesFor({ alerts: { channels: channelsNamed('old') } }));
    steps.answer = (channel) => (channel === 'old' ? unreached : accepted);
    steps.run(bad);
    steps.rules = rulesFor({ alerts: { channels: channelsNamed('new') } });
    expect(steps.runFor(10, bad)).toEqual(['new trigger opened']);
    expect(steps.state.unsent).toEqual([]);
  });
});

describe('a resolve', () => {
  test('cancels what is unsent, and goes only where somebody was told', () => {
    const steps = new IncidentSteps();
    steps.answer = (channel) => (channel === 'page' ? accepted : unreached);
    steps.run(bad);
    steps.run(good);
    steps.answer = () => accepted;
    expect(steps.runFor(5, good)).toEqual(['page resolve resolved']);
    expect(steps.runFor(120, good)).toEqual(['page resolve repeated']);
  });

  test.each([
    ['was rejected', rejected, []],
    ['never left', unreached, []],
    ['may have arrived', timedOut, ['page resolve resolved']],
  ])('goes where the trigger %s', (_, answer, told) => {
    const steps = new IncidentSteps(rulesFor({ alerts: { channels: channelsNamed('page') } }));
    steps.answer = () => answer;
    steps.run(bad);
    steps.run(good);
    steps.answer = () => accepted;
    expect(steps.runFor(5, good)).toEqual(told);
  });

  test('goes where a trigger was about to be sent by a run that died', () => {
    const rules = rulesFor();
    const dead = reconcile(emptyState, resultsOf([bad]), start, rules).state;
    const next = reconcile(dead, resultsOf([good]), start + 5 * minute, rules).state;
    const last = reconcile(next, resultsOf([good]), start + 10 * minute, rules);
    expect(last.sends.map(({ alert }) => alert.kind)).toEqual(['resolve', 'resolve']);
    const unhurt = settle(next, { recorded: [], outcomes: [], taken: next.unsent });
    expect(unhurt.unsent.map(({ mayHaveArrived }) => mayHaveArrived)).toEqual([true, true]);
  });

  test('does not go where a trigger was taken up and never attempted', () => {
    const rules = rulesFor();
    let { state } = reconcile(emptyState, resultsOf([bad]), start, rules);
    for (const status of ['ok', 'ok'] as const) {
      state = settle(state, { recorded: [], outcomes: [], taken: state.unsent });
      state = reconcile(state, resultsOf([fresh('shop', status)]), (state.ranAt ?? 0) + 300_000, rules).state;
    }
    expect(state.unsent).toEqual([]);
  });

  test('is repeated once, an hour later', () => {
    const steps = new IncidentSteps();
    steps.run(bad);
    steps.runFor(10, good);
    steps.toldNow();
    expect(steps.runFor(55, good)).toEqual([]);
    expect(steps.runFor(5, good)).toEqual(['page resolve repeated', 'mail resolve repeated']);
    expect(steps.runFor(300, good)).toEqual([]);
  });

  test('is repeated where only an earlier turn was told', () => {
    const steps = routed();
    steps.runFor(20, bad);
    steps.runFor(10, good);
    steps.run(bad);
    steps.toldNow();
    expect(steps.runFor(10, good)).toEqual(['page resolve resolved']);
    expect(steps.runFor(60, good).sort()).toEqual(['boss resolve repeated', 'page resolve repeated']);
  });

  test('is taken back when it is bad again before it was sent', () => {
    const steps = new IncidentSteps();
    steps.run(bad);
    steps.answer = () => unreached;
    steps.runFor(10, good);
    steps.answer = () => accepted;
    steps.toldNow();
    expect(steps.runFor(5, bad)).toEqual(['page trigger reopened', 'mail trigger reopened']);
  });

  test('to a channel that is away for a week is given up, on the record', () => {
    const steps = new IncidentSteps();
    steps.run(bad);
    steps.answer = (channel) => (channel === 'mail' ? unreached : accepted);
    steps.runFor(10, good);
    steps.runAfter(7 * 24 * 60, resultsOf([good]));
    expect(steps.eventsOf('noted')).toMatchObject([{ text: expect.stringContaining('mail') }]);
    steps.runFor(10, good);
    expect(steps.state).toMatchObject({ incidents: {}, unsent: [] });
  });
});

describe('the fallback', () => {
  test.each([
    ['rejects', rejected],
    ['is away', unreached],
  ])('is told after ten minutes when the channel %s, once, and of the end too', (_, answer) => {
    const steps = routed();
    steps.answer = (channel) => (channel === 'page' ? answer : accepted);
    expect(steps.runFor(10, bad)).toEqual([]);
    expect(steps.runFor(5, bad)).toEqual(['backup trigger fallback']);
    expect(steps.runFor(60, bad)).toEqual(['boss trigger unacknowledged']);
    expect(steps.runFor(10, good).sort()).toEqual(['backup resolve resolved', 'boss resolve resolved']);
  });

  test('is not told outside the hours of the app', () => {
    const steps = routed();
    steps.answer = (channel) => (channel === 'page' ? unreached : accepted);
    steps.run(bad);
    expect(steps.runFor(60, fresh('shop', 'skipped'))).toEqual([]);
    expect(steps.runFor(5, bad)).toEqual(['backup trigger fallback']);
  });

  test('is not told of what was delivered late but in time', () => {
    const steps = routed();
    steps.answer = () => unreached;
    steps.run(bad);
    steps.answer = () => accepted;
    expect(steps.runFor(15, bad)).toEqual(['page trigger opened', 'boss trigger unacknowledged']);
  });

  test('what is unsent says what its attempts met', () => {
    const steps = routed();
    steps.answer = () => rejected;
    steps.runFor(10, bad);
    expect(steps.state.unsent).toMatchObject([
      { channel: 'page', attempts: 2, rejected: true, lastError: 'invalid key', mayHaveArrived: false },
    ]);
    steps.answer = () => timedOut;
    steps.run(bad);
    expect(steps.state.unsent[0]).toMatchObject({ attempts: 3, mayHaveArrived: true });
    expect(steps.state.unsent[0]?.rejected).toBeUndefined();
  });
});

test('an alert holds all that a person needs who has nothing else at hand', () => {
  const steps = new IncidentSteps(
    rulesFor({
      stage: 'blue',
      apps: [
        { name: 'shop', contact: '#team-shop' },
        { name: 'blog', contact: '#team-shop' },
      ],
      runbookBase: 'https://wiki.example.com/cistern',
      alerts: { channels: channelsNamed('page') },
    }),
  );
  const since = start - 40 * minute;
  const lastObject = 'logs/shop/2026/01/31/1.gz';
  steps.run(fresh('shop', 'critical', { summary: 'shop is silent', since, evidence: { lastObject } }));
  expect(steps.alerts).toEqual([
    {
      kind: 'trigger',
      reason: 'opened',
      incident: steps.incident().id,
      severity: 'P1',
      check: 'freshness',
      subjects: ['shop'],
      apps: ['shop'],
      stage: 'blue',
      environment: 'production',
      title: 'shop is silent',
      remedy: 'mend shop',
      since,
      at: steps.now,
      lastObject,
      command: 'cistern ls shop --since 1h',
      contact: '#team-shop',
      runbookUrl: 'https://wiki.example.com/cistern/freshness.md',
    },
  ]);
});

test('settling twice, or after another run has settled, changes nothing more', () => {
  const { state } = reconcile(emptyState, resultsOf([bad]), start, rulesFor());
  const settlement = {
    recorded: state.unrecorded.map(({ id }) => id),
    outcomes: state.unsent.map(({ id }) => ({ id, delivery: accepted })),
  };
  const once = settle(state, settlement);
  expect(once).toMatchObject({ unsent: [], unrecorded: [] });
  expect(settle(once, settlement)).toEqual(once);
});
