import { describe, expect, test } from 'vitest';
import type { Finding } from '../../../lib/findings/finding.ts';
import { reconcile } from '../../../lib/incidents/rules/reconcile.ts';
import { emptyState, state as stateSchema } from '../../../lib/incidents/state.ts';
import {
  finding,
  fresh,
  hour,
  IncidentSteps,
  minute,
  resultsOf,
  rulesFor,
  start,
} from '../../support/incident-steps.ts';
import { play } from '../../support/played-findings.ts';

describe('a check that can not look', () => {
  const failed = [{ check: 'freshness', failure: 'it took too long' }] as const;
  const good = resultsOf([fresh('shop', 'ok')]);

  function blindFor(runs: number): IncidentSteps {
    const steps = new IncidentSteps();
    for (let run = 0; run < runs; run += 1) steps.runAfter(5, failed);
    return steps;
  }

  test('opens one incident after three runs, and pages after an hour', () => {
    expect(blindFor(2).verbs()).toEqual([]);
    const steps = blindFor(3);
    expect(steps.events).toMatchObject([
      { verb: 'opened', check: 'freshness', subjects: ['*'], severity: 'P3' },
    ]);
    expect(steps.incident().title).toContain('it took too long');
    expect(blindFor(11).verbs()).toEqual(['opened']);
    expect(blindFor(12).verbs()).toEqual(['opened', 'escalated']);
  });

  test('resolves after two runs that could look', () => {
    const steps = blindFor(3);
    steps.runAfter(5, good);
    steps.runAfter(5, failed);
    steps.runAfter(5, good);
    expect(steps.verbs()).toEqual(['opened']);
    steps.runAfter(5, good);
    expect(steps.verbs()).toEqual(['opened', 'resolved']);
    steps.runFor(70, fresh('shop', 'ok'));
    expect(steps.state).toMatchObject({ incidents: {}, unknownRuns: {} });
    expect(Object.keys(steps.state.subjects)).toEqual(['freshness shop']);
  });

  test('one for the check, not one an app', () => {
    const steps = new IncidentSteps();
    const apps = ['app-a', 'app-b', 'app-c', 'app-d'];
    steps.runFor(15, ...apps.map((app) => fresh(app, 'unknown')));
    expect(steps.events).toMatchObject([{ verb: 'opened', subjects: ['*'] }]);
  });

  test('one subject that can never be looked at is a warning, however long', () => {
    const steps = new IncidentSteps();
    const others = ['app-a', 'app-b', 'app-c'].map((app) => fresh(app, 'ok'));
    steps.runFor(120, fresh('shop', 'unknown'), ...others);
    expect(steps.events).toMatchObject([{ verb: 'opened', subjects: ['*'], severity: 'P3' }]);
    steps.runFor(10, fresh('shop', 'ok'), ...others);
    expect(steps.verbs()).toEqual(['opened', 'resolved']);
  });

  test('what it has nothing to look at for is no reason', () => {
    const steps = blindFor(3);
    steps.runFor(10, fresh('shop', 'skipped'));
    expect(steps.verbs()).toEqual(['opened', 'resolved']);
  });

  test('leaves what was known of its subjects as it was', () => {
    const steps = new IncidentSteps();
    steps.run(fresh('shop', 'critical'));
    for (let run = 0; run < 2; run += 1) steps.runAfter(5, failed);
    expect(steps.verbs()).toEqual(['opened']);
    expect(steps.state.subjects['freshness shop']).toMatchObject({ bad: 1, status: 'critical' });
  });
});

describe('loss', () => {
  const lost = finding('loss', 'messages', 'warning');
  const quiet = [finding('loss', 'stage', 'ok')];

  test('collects until an hour is quiet, then is mitigated and its page resolved', () => {
    const steps = new IncidentSteps();
    steps.run(lost);
    steps.runFor(50, ...quiet);
    steps.run(lost);
    steps.toldNow();
    expect(steps.runFor(55, ...quiet)).toEqual([]);
    expect(steps.runFor(5, ...quiet)).toEqual(['page resolve mitigated', 'mail resolve mitigated']);
    expect(steps.verbs()).toEqual(['opened', 'mitigated']);
    expect(steps.alerts.at(-1)?.lastedMs).toBe(55 * minute);
  });

  test('good findings do not resolve it', () => {
    expect(play('loss', 'cooooooooooo').verbs()).toEqual(['opened']);
    expect(play('loss', 'coooooooooooo').verbs()).toEqual(['opened', 'mitigated']);
  });

  test('new loss after that is a new incident', () => {
    const steps = play('loss', `c${'o'.repeat(12)}c`);
    expect(steps.verbs()).toEqual(['opened', 'mitigated', 'opened']);
    expect(new Set(steps.events.map(({ incident }) => incident)).size).toBe(2);
  });

  test('an hour without a look is not quiet', () => {
    const steps = new IncidentSteps();
    steps.run(lost);
    steps.runAfter(90, [{ check: 'loss', failure: 'no metrics' }]);
    expect(steps.verbs()).toEqual(['opened']);
    steps.run(...quiet);
    expect(steps.verbs()).toEqual(['opened', 'mitigated']);
  });

  test('is quiet when it is reported no longer, though it could not be looked at before', () => {
    const steps = new IncidentSteps();
    steps.run(lost);
    steps.runFor(15, finding('loss', 'messages', 'unknown'), ...quiet);
    expect(steps.verbs()).toEqual(['opened', 'opened']);
    steps.runFor(60, ...quiet);
    expect(steps.verbs()).toEqual(['opened', 'opened', 'resolved', 'mitigated']);
  });

  test('what the check remembers of a quiet subject is forgotten after a day', () => {
    const steps = new IncidentSteps();
    steps.run(finding('loss', 'messages', 'ok', { memory: { runs: 1 } }));
    steps.runFor(10, ...quiet);
    expect(steps.state.subjects['loss messages']?.memory).toEqual({ runs: 1 });
    steps.runAfter(24 * 60, resultsOf(quiet));
    expect(Object.keys(steps.state.subjects)).toEqual(['loss stage']);
  });
});

describe('grouping', () => {
  const apps = ['app-a', 'app-b', 'app-c', 'app-d'];
  const canary = (status: Finding['status']) => finding('canary', 'canary', status);

  test('three or more of one check that turn bad in one run are one incident', () => {
    const steps = new IncidentSteps();
    steps.run(...apps.slice(0, 3).map((app) => fresh(app, 'critical')), fresh('app-d', 'ok'));
    expect(steps.events).toMatchObject([
      { verb: 'opened', subjects: ['app-a', 'app-b', 'app-c'], apps: ['app-a', 'app-b', 'app-c'] },
    ]);
    expect(steps.incident().title).toBe('3 apps are silent: app-a, app-b, app-c');
    steps.runFor(10, fresh('app-a', 'ok'), fresh('app-b', 'critical'), fresh('app-c', 'ok'));
    expect(steps.verbs()).toEqual(['opened']);
    steps.runFor(10, ...apps.map((app) => fresh(app, 'ok')));
    expect(steps.verbs()).toEqual(['opened', 'resolved']);
  });

  test('two are two, and three of different checks are three', () => {
    const steps = new IncidentSteps();
    steps.run(fresh('app-a', 'critical'), fresh('app-b', 'critical'));
    expect(steps.verbs()).toEqual(['opened', 'opened']);
    const mixed = new IncidentSteps();
    mixed.run(fresh('app-a', 'critical'), fresh('app-b', 'critical'), finding('retention', 'x', 'critical'));
    expect(mixed.verbs()).toEqual(['opened', 'opened', 'opened']);
  });

  test('those that were bad before do not count', () => {
    const steps = new IncidentSteps();
    steps.run(fresh('app-a', 'critical'), fresh('app-b', 'ok'), fresh('app-c', 'ok'));
    steps.run(...apps.slice(0, 3).map((app) => fresh(app, 'critical')));
    expect(steps.verbs()).toEqual(['opened', 'opened', 'opened']);
  });

  test('a group continues as one', () => {
    const steps = new IncidentSteps();
    steps.run(...apps.map((app) => fresh(app, 'critical')));
    steps.runFor(10, ...apps.map((app) => fresh(app, 'ok')));
    steps.run(fresh('app-a', 'ok'), ...apps.slice(1).map((app) => fresh(app, 'critical')));
    expect(steps.verbs()).toEqual(['opened', 'resolved', 'reopened']);
    steps.run(...apps.map((app) => fresh(app, 'critical')));
    expect(steps.verbs()).toEqual(['opened', 'resolved', 'reopened']);
  });

  test('silence while the canary is critical is one incident with it', () => {
    const steps = new IncidentSteps();
    steps.run(canary('critical'), fresh('app-a', 'ok'), fresh('app-b', 'ok'));
    steps.run(canary('critical'), fresh('app-a', 'critical'), fresh('app-b', 'ok'));
    steps.run(canary('critical'), fresh('app-a', 'critical'), fresh('app-b', 'critical'));
    expect(steps.events).toMatchObject([
      { verb: 'opened', check: 'canary', subjects: ['canary', 'app-a'] },
      { verb: 'widened', subjects: ['app-b'], apps: ['app-b'] },
    ]);
    steps.runFor(10, canary('ok'), fresh('app-a', 'ok'), fresh('app-b', 'critical'));
    expect(steps.verbs()).toEqual(['opened', 'widened']);
    steps.runFor(10, canary('ok'), fresh('app-a', 'ok'), fresh('app-b', 'ok'));
    expect(steps.verbs()).toEqual(['opened', 'widened', 'resolved']);
    expect(steps.told.filter((each) => each.startsWith('page'))).toEqual([
      'page trigger opened',
      'page resolve resolved',
    ]);
  });

  test('silence makes it one with a canary that has only just been lost', () => {
    const steps = new IncidentSteps();
    steps.run(canary('critical'), fresh('app-a', 'critical'));
    expect(steps.events).toMatchObject([{ verb: 'opened', subjects: ['canary', 'app-a'] }]);
  });

  test('silence joins a canary that is lost again', () => {
    const steps = new IncidentSteps();
    steps.runFor(10, canary('critical'), fresh('app-a', 'ok'));
    steps.runFor(10, canary('ok'), fresh('app-a', 'ok'));
    steps.run(canary('critical'), fresh('app-a', 'critical'));
    expect(steps.verbs()).toEqual(['opened', 'resolved', 'reopened', 'widened']);
    expect(Object.keys(steps.state.incidents)).toHaveLength(1);
  });

  test('what is not silence, or with a slow canary, is not', () => {
    const steps = new IncidentSteps();
    const slow = canary('warning');
    steps.run(slow, fresh('app-a', 'critical'));
    steps.run(slow, fresh('app-a', 'critical'), finding('retention', 'archive', 'critical'));
    expect(steps.verbs()).toEqual(['opened', 'opened', 'opened']);
  });
});

test('a subject with any name is kept apart from what JavaScript calls so', () => {
  const steps = new IncidentSteps();
  steps.run(finding('jobs', '__proto__', 'critical'), finding('jobs', 'constructor', 'ok'));
  steps.run(finding('jobs', '__proto__', 'critical'), finding('jobs', 'constructor', 'ok'));
  expect(steps.incident().subjects).toEqual(['__proto__']);
});

test('whatever a check quotes is kept short, on one line, and as JSON can say it', () => {
  const steps = new IncidentSteps();
  const quoted = fresh('shop', 'critical', {
    summary: `shop is silent: \u001b[2J${'x'.repeat(5_000)}\nsecond line`,
    remedy: 'look\r\nthere',
    evidence: { share: 0 / 0, answer: `<html>\n${'y'.repeat(5_000)}` },
    memory: { lastKey: 'k', share: 1 / 0, counts: { good: 1, bad: 0 / 0 } },
    since: 0 / 0,
  });
  steps.run(quoted);
  const { title, remedy, since } = steps.incident();
  expect(title).toMatch(/^shop is silent: +\[2Jx+…$/);
  expect(title).toHaveLength(500);
  expect([remedy, since]).toEqual(['look there', steps.now]);
  expect(steps.eventsOf('opened')[0]?.evidence).toEqual({
    share: 'NaN',
    answer: expect.stringMatching(/^<html> y+…$/),
  });
  expect(steps.state.subjects['freshness shop']?.memory).toEqual({ lastKey: 'k', counts: { good: 1 } });
  expect(stateSchema.parse(JSON.parse(JSON.stringify(steps.state)))).toEqual(steps.state);
});

test('reconciling leaves the state it was given alone', () => {
  const before = structuredClone(emptyState);
  reconcile(emptyState, resultsOf([fresh('shop', 'critical')]), start + hour, rulesFor());
  expect(emptyState).toEqual(before);
});

describe('a canary that was lost lately', () => {
  test('and is bad once more before its check fails: a silent app reopens its incident, and no run throws', () => {
    const steps = new IncidentSteps();
    const quiet = [fresh('shop', 'ok')];
    steps.runFor(10, finding('canary', 'canary', 'critical'), ...quiet);
    steps.runFor(10, finding('canary', 'canary', 'ok'), ...quiet);
    expect(steps.verbs()).toEqual(['opened', 'resolved']);

    steps.runAfter(5, resultsOf([finding('canary', 'canary', 'critical'), ...quiet]));
    for (let run = 0; run < 3; run += 1) {
      const silent = resultsOf([fresh('shop', 'critical')]);
      steps.runAfter(5, [...silent, { check: 'canary', failure: 'too slow' }]);
    }

    expect(steps.verbs()).toContain('reopened');
    expect(steps.told.filter((each) => each.includes('trigger')).length).toBeGreaterThan(1);
  });
});
