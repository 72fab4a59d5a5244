import { describe, expect, test } from 'vitest';
import { incidentEvent } from '../../lib/incidents/incident.ts';
import { reconcile } from '../../lib/incidents/reconcile.ts';
import { emptyState, state as stateSchema } from '../../lib/incidents/state.ts';
import { type CheckName, checkNames, type Finding } from '../../lib/watch/finding.ts';
import {
  finding,
  fresh,
  hour,
  IncidentSteps,
  minute,
  resultsOf,
  rulesFor,
  start,
} from '../support/incident-steps.ts';

/** One letter a run: c(ritical), w(arning), o(k), u(nknown), s(kipped), - (the check was not due). */
function play(check: CheckName, letters: string): IncidentSteps {
  const steps = new IncidentSteps();
  for (const letter of letters) steps.run(...findingsOf(check, letter));
  return steps;
}

function findingsOf(check: CheckName, letter: string): Finding[] {
  const statuses = { c: 'critical', w: 'warning', o: 'ok', u: 'unknown', s: 'skipped' } as const;
  const status = Object.entries(statuses).find(([key]) => key === letter)?.[1];
  // Another subject that is always well keeps the check itself from being blind.
  const other = [finding(check, 'other', 'ok'), finding(check, 'third', 'ok')];
  return status === undefined ? [] : [finding(check, 'one', status), ...other];
}

describe('opening', () => {
  test.each<[CheckName, number]>([
    ['freshness', 1],
    ['retention', 1],
    ['loss', 1],
    ['alerts', 1],
    ['records', 1],
    ['volume', 2],
    ['drain', 2],
    ['canary', 2],
    ['jobs', 2],
  ])('%s opens after %i bad findings', (check, runs) => {
    expect(play(check, 'c'.repeat(runs - 1)).verbs()).toEqual([]);
    expect(play(check, 'c'.repeat(runs)).verbs()).toEqual(['opened']);
  });

  test.each([
    ['a good finding between two bad ones', 'cocococo', []],
    ['unknown between two bad ones counts for neither', 'cuc', ['opened']],
    ['skipped between two bad ones counts for neither', 'cssssc', ['opened']],
    ['runs in which the check was not due', 'c---c', ['opened']],
    ['only unknown ones, of one of three subjects, twice', 'uu', []],
    ['only skipped ones', 'sssssss', []],
    ['the same trouble for long', 'cccccccccc', ['opened']],
  ])('%s', (_, letters, verbs) => {
    expect(play('drain', letters).verbs()).toEqual(verbs);
  });

  test('says what is wrong, since when and where', () => {
    const steps = new IncidentSteps(rulesFor({ stage: 'blue' }));
    const since = start - 20 * minute;
    const evidence = { silentMinutes: 20, lastObject: 'logs/shop/1.gz' };
    steps.run(fresh('shop', 'critical', { since, evidence, summary: 'shop is silent' }));
    expect(steps.events).toEqual([
      expect.objectContaining({
        verb: 'opened',
        check: 'freshness',
        subjects: ['shop'],
        apps: ['shop'],
        severity: 'P1',
        title: 'shop is silent',
        remedy: 'mend shop',
        since,
        at: steps.now,
        by: 'watch',
        service: 'blue',
        environment: 'production',
        evidence,
      }),
    ]);
    expect(steps.incident().id).toMatch(/^inc_20260131_0920_[a-z0-9]{6}$/);
    expect(() => incidentEvent.parse(steps.events[0])).not.toThrow();
  });

  test.each([
    ['production', 'critical', 'P1'],
    ['staging', 'critical', 'P2'],
    ['production', 'warning', 'P3'],
    ['staging', 'warning', 'P3'],
  ] as const)('in %s, %s is %s', (environment, status, severity) => {
    const steps = new IncidentSteps(rulesFor({ environment }));
    steps.run(fresh('shop', status));
    expect(steps.incident().severity).toBe(severity);
  });

  test('two looks at the same moment are one', () => {
    const steps = new IncidentSteps();
    const bad = resultsOf(findingsOf('drain', 'c'));
    steps.runAfter(5, bad);
    steps.runAfter(0.1, bad);
    expect(steps.verbs()).toEqual([]);
    steps.runAfter(5, bad);
    expect(steps.verbs()).toEqual(['opened']);
  });

  test('who reconciles the same thing gives it the same names', () => {
    const results = resultsOf([fresh('shop', 'critical'), finding('retention', 'archive', 'warning')]);
    const once = reconcile(emptyState, results, start, rulesFor());
    const other = reconcile(emptyState, results.toReversed(), start, rulesFor());
    expect(new Set(other.events.map(({ id }) => id))).toEqual(new Set(once.events.map(({ id }) => id)));
    expect(once.events).toHaveLength(2);
  });

  test('a run that is repeated on its own result changes nothing', () => {
    const results = resultsOf([fresh('shop', 'critical'), finding('drain', 'shop', 'critical')]);
    const once = reconcile(emptyState, results, start, rulesFor());
    const again = reconcile(once.state, results, start, rulesFor());
    expect([again.events, again.sends]).toEqual([[], []]);
  });

  test('a watcher whose clock is behind does not turn time back', () => {
    const steps = new IncidentSteps();
    steps.run(fresh('shop', 'critical'));
    const openedAt = steps.now;
    steps.runAfter(-30, resultsOf([fresh('shop', 'critical'), fresh('blog', 'critical')]));
    expect(steps.events.map(({ at }) => at)).toEqual([openedAt, openedAt]);
  });

  test.each(checkNames)('%s has words for what it groups', (check) => {
    const steps = new IncidentSteps();
    const bad = ['a1x', 'b1x', 'c1x'].map((name) => finding(check, name, 'critical'));
    steps.run(...bad);
    steps.run(...bad);
    expect(steps.incident().title).toMatch(/^3 [a-z' ]+: a1x, b1x, c1x$/);
    expect(steps.alerts[0]?.command).toMatch(/^(?:cistern|heroku) /);
  });
});

describe('resolving and continuing', () => {
  test.each([
    ['one good finding is not enough', 'co', ['opened']],
    ['two are', 'coo', ['opened', 'resolved']],
    ['bad in between starts anew', 'cocoo', ['opened', 'resolved']],
    ['unknown and skipped count for neither', 'cousuo', ['opened', 'resolved']],
    ['bad again within 30 min', 'cooooooc', ['opened', 'resolved', 'reopened']],
    ['and good again', 'cooooocoo', ['opened', 'resolved', 'reopened', 'resolved']],
    ['bad exactly 30 min later', `coo${'o'.repeat(5)}c`, ['opened', 'resolved', 'reopened']],
    ['bad 35 min later is another', `coo${'o'.repeat(6)}c`, ['opened', 'resolved', 'opened']],
  ])('%s', (_, letters, verbs) => {
    expect(play('freshness', letters).verbs()).toEqual(verbs);
  });

  test('a check that opens late continues what began again in time', () => {
    expect(play('drain', `ccoo${'o'.repeat(5)}cc`).verbs()).toEqual(['opened', 'resolved', 'reopened']);
    expect(play('drain', `ccoo${'o'.repeat(6)}cc`).verbs()).toEqual(['opened', 'resolved', 'opened']);
  });

  test('a page for every turn, and its end says how long it lasted', () => {
    const steps = new IncidentSteps();
    const since = start - 10 * minute;
    steps.run(fresh('shop', 'critical', { since }));
    expect(steps.toldNow()).toEqual(['page trigger opened', 'mail trigger opened']);
    steps.run(fresh('shop', 'ok'));
    steps.run(fresh('shop', 'ok'));
    expect(steps.toldNow()).toEqual(['page resolve resolved', 'mail resolve resolved']);
    expect(steps.alerts.at(-1)).toMatchObject({ lastedMs: 20 * minute, since, title: expect.any(String) });
    steps.run(fresh('shop', 'critical'));
    expect(steps.toldNow()).toEqual(['page trigger reopened', 'mail trigger reopened']);
    steps.runFor(10, fresh('shop', 'ok'));
    expect(steps.toldNow()).toEqual(['page resolve resolved', 'mail resolve resolved']);
  });

  test('a subject that its check reports no longer is no longer watched', () => {
    const steps = new IncidentSteps();
    steps.run(fresh('shop', 'critical'), fresh('blog', 'ok'));
    steps.run(fresh('blog', 'ok'));
    expect(steps.eventsOf('resolved')).toMatchObject([{ reason: 'no longer watched' }]);
    steps.runFor(120, fresh('blog', 'ok'));
    expect(Object.keys(steps.state.subjects)).toEqual(['freshness blog']);
  });

  test('a check that was not due says nothing of its subjects', () => {
    const steps = new IncidentSteps();
    steps.run(fresh('shop', 'critical'), finding('drain', 'shop', 'ok'));
    steps.runFor(60, finding('drain', 'shop', 'ok'));
    expect(steps.verbs()).toEqual(['opened']);
  });

  test('what is over leaves the state', () => {
    const steps = play('freshness', `coo${'o'.repeat(12)}`);
    expect(Object.keys(steps.state.incidents)).toHaveLength(1);
    steps.run(...findingsOf('freshness', 'o'));
    expect(steps.state).toMatchObject({ incidents: {}, unsent: [], unrecorded: [] });
  });
});

describe('severity', () => {
  test('a rise is an event and a page, and ends nothing', () => {
    const steps = play('freshness', 'wwc');
    expect(steps.verbs()).toEqual(['opened', 'escalated']);
    expect(steps.eventsOf('escalated')).toMatchObject([{ from: 'P3', to: 'P1' }]);
    expect(steps.told).toContain('page trigger escalated');
  });

  test('the worst is kept until it is over', () => {
    const steps = play('freshness', 'cww');
    expect([steps.incident().severity, steps.verbs()]).toEqual(['P1', ['opened']]);
  });

  test('what opens again is as bad as it is then', () => {
    expect(play('freshness', 'coow').eventsOf('reopened')).toMatchObject([{ severity: 'P3' }]);
  });

  test('a repeated finding changes when it was last seen, and adds no event', () => {
    const steps = play('freshness', 'ccc');
    expect(steps.verbs()).toEqual(['opened']);
    expect(steps.incident().lastBadAt).toBe(steps.now);
  });
});

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
    const steps = play('loss', `c${'-'.repeat(0)}${'o'.repeat(12)}c`);
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
    const canary = (status: Finding['status']) => finding('canary', 'canary', status);
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
    steps.run(finding('canary', 'canary', 'critical'), fresh('app-a', 'critical'));
    expect(steps.events).toMatchObject([{ verb: 'opened', subjects: ['canary', 'app-a'] }]);
  });

  test('silence joins a canary that is lost again', () => {
    const steps = new IncidentSteps();
    const canary = (status: Finding['status']) => finding('canary', 'canary', status);
    steps.runFor(10, canary('critical'), fresh('app-a', 'ok'));
    steps.runFor(10, canary('ok'), fresh('app-a', 'ok'));
    steps.run(canary('critical'), fresh('app-a', 'critical'));
    expect(steps.verbs()).toEqual(['opened', 'resolved', 'reopened', 'widened']);
    expect(Object.keys(steps.state.incidents)).toHaveLength(1);
  });

  test('what is not silence, or with a slow canary, is not', () => {
    const steps = new IncidentSteps();
    const slow = finding('canary', 'canary', 'warning');
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
