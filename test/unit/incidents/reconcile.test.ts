import { describe, expect, test } from 'vitest';
import { type CheckName, checkNames } from '../../../lib/findings/finding.ts';
import { incidentEvent } from '../../../lib/incidents/incident.ts';
import { reconcile } from '../../../lib/incidents/rules/reconcile.ts';
import { emptyState } from '../../../lib/incidents/state.ts';
import {
  finding,
  fresh,
  IncidentSteps,
  minute,
  resultsOf,
  rulesFor,
  start,
} from '../../support/incident-steps.ts';
import { findingsOf, play } from '../../support/played-findings.ts';

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
