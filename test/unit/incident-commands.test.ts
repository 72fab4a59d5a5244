import { describe, expect, test } from 'vitest';
import {
  acknowledge,
  close,
  closedEvent,
  mute,
  openByHand,
  RefusedError,
  resolve,
  scopeOf,
  unmute,
} from '../../lib/incidents/commands.ts';
import { incidentEvent, parseIncidentId } from '../../lib/incidents/incident.ts';
import {
  finding,
  fresh,
  hour,
  IncidentSteps,
  minute,
  resultsOf,
  rulesFor,
  unreached,
} from '../support/incident-steps.ts';
import { bad, good } from '../support/routed-incident.ts';

function muted(steps: IncidentSteps, scope: string, minutes: number): void {
  steps.do((state, now, rules) =>
    mute(state, { scope, until: now + minutes * minute, reason: 'works', by: 'ann', now }, rules),
  );
}

function idOf(steps: IncidentSteps) {
  return steps.incident().id;
}

describe('a mute', () => {
  test.each([
    ['all', true],
    ['check:freshness', true],
    ['app:shop', true],
    ['check:drain', false],
    ['app:blog', false],
  ])('of %s covers the silence of shop: %s', (scope, covered) => {
    const steps = new IncidentSteps();
    muted(steps, scope, 120);
    const told = steps.runFor(115, bad);
    expect(told.length === 0).toBe(covered);
    expect(steps.verbs()).toEqual(covered ? ['opened', 'muted'] : ['opened']);
  });

  test('ends by itself; what is still bad is told then, with its true beginning', () => {
    const steps = new IncidentSteps();
    muted(steps, 'app:shop', 60);
    steps.run(bad);
    const since = steps.now;
    expect(steps.runFor(50, bad)).toEqual([]);
    expect(steps.runFor(5, bad)).toEqual(['page trigger unmuted', 'mail trigger unmuted']);
    expect(steps.alerts[0]?.since).toBe(since);
    expect(steps.runFor(60, bad)).toEqual([]);
    expect(steps.state.mutes).toEqual([]);
  });

  test('what has ended by then is told to nobody', () => {
    const steps = new IncidentSteps();
    muted(steps, 'all', 60);
    steps.run(bad);
    steps.runFor(200, good);
    expect(steps.told).toEqual([]);
    expect(steps.verbs()).toEqual(['opened', 'muted', 'resolved']);
  });

  test('stops reminders and escalations, not the word that it is over', () => {
    const steps = new IncidentSteps(
      rulesFor({
        alerts: {
          channels: { page: { type: 'webhook' }, boss: { type: 'webhook' } },
          routes: [{ channels: ['page'], escalate: ['boss'] }],
        },
      }),
    );
    steps.run(bad);
    muted(steps, 'check:freshness', 600);
    steps.toldNow();
    expect(steps.runFor(500, bad)).toEqual([]);
    expect(steps.runFor(10, good)).toEqual(['page resolve resolved']);
  });

  test('a rise is on the record and told when it ends', () => {
    const steps = new IncidentSteps();
    steps.run(fresh('shop', 'warning'));
    muted(steps, 'app:shop', 30);
    steps.toldNow();
    expect(steps.runFor(25, bad)).toEqual([]);
    expect(steps.verbs()).toEqual(['opened', 'muted', 'escalated']);
    expect(steps.runFor(5, bad)).toEqual(['page trigger unmuted', 'mail trigger unmuted']);
  });

  test('holds back what is unsent', () => {
    const steps = new IncidentSteps();
    steps.answer = () => unreached;
    steps.run(bad);
    muted(steps, 'all', 30);
    expect(steps.state.unsent).toEqual([]);
    steps.answer = () => ({ outcome: 'accepted' });
    expect(steps.runFor(25, bad)).toEqual([]);
    expect(steps.runFor(5, bad)).toEqual(['page trigger unmuted', 'mail trigger unmuted']);
  });

  test('is told of on every open incident that it covers', () => {
    const steps = new IncidentSteps();
    steps.run(bad, fresh('blog', 'critical'));
    muted(steps, 'app:shop', 30);
    expect(steps.eventsOf('muted')).toMatchObject([{ scope: 'app:shop', reason: 'works', by: 'ann' }]);
    muted(steps, 'all', 30);
    expect(steps.eventsOf('muted').map(({ scope }) => scope)).toEqual(['app:shop', 'all', 'all']);
  });

  test('of one app hides no other that turns bad with it', () => {
    const steps = new IncidentSteps();
    muted(steps, 'app:shop', 60);
    steps.run(bad, ...['app-a', 'app-b', 'app-c'].map((app) => fresh(app, 'critical')));
    expect(steps.alerts.map(({ subjects }) => subjects)).toEqual([
      ['app-a', 'app-b', 'app-c'],
      ['app-a', 'app-b', 'app-c'],
    ]);
  });

  test('of the canary hides no app', () => {
    const steps = new IncidentSteps();
    const canary = finding('canary', 'canary', 'critical');
    muted(steps, 'check:canary', 600);
    steps.run(canary, good);
    steps.run(canary, good);
    steps.run(canary, bad);
    expect(steps.alerts.map(({ check }) => check)).toEqual(['freshness', 'freshness']);
  });

  test('can be ended early', () => {
    const steps = new IncidentSteps();
    muted(steps, 'app:shop', 600);
    steps.run(bad);
    steps.do((state, now, rules) => unmute(state, 'app:shop', { by: 'ann', now }, rules));
    expect(steps.eventsOf('noted')).toMatchObject([{ text: 'app:shop is no longer muted' }]);
    expect(steps.runFor(5, bad)).toEqual(['page trigger unmuted', 'mail trigger unmuted']);
  });

  test.each([
    ['a mute that has ended', (steps: IncidentSteps) => muted(steps, 'all', 0), 'future'],
    ['a check that there is not', (steps: IncidentSteps) => muted(steps, 'check:los', 60), 'check:los'],
    ['a scope that is none', (steps: IncidentSteps) => muted(steps, 'shop', 60), 'shop'],
    [
      'a mute that is not there',
      (steps: IncidentSteps) =>
        steps.do((state, now, rules) => unmute(state, 'all', { by: 'ann', now }, rules)),
      'all is not muted',
    ],
  ])('refuses %s', (_, act, words) => {
    const steps = new IncidentSteps();
    expect(() => act(steps)).toThrow(RefusedError);
    expect(() => act(steps)).toThrow(words);
  });

  test.each([
    ['all', 'all'],
    ['loss', 'check:loss'],
    ['manual', 'check:manual'],
    ['shop', 'app:shop'],
    ['app:loss', 'app:loss'],
    ['check:loss', 'check:loss'],
    ['check:shop', undefined],
    ['Shop!', undefined],
    ['host:x', undefined],
    ['', undefined],
  ])('%s means %s', (word, scope) => {
    expect(scopeOf(word)).toBe(scope);
  });
});

describe('resolving by hand', () => {
  const byHand = (steps: IncidentSteps) =>
    steps.do((state, now, rules) => resolve(state, idOf(steps), { by: 'ann', reason: 'done', now }, rules));

  test.each([
    ['bad', bad],
    ['not known any more', fresh('shop', 'unknown')],
  ])('is refused while it is %s: mute it instead', (_, last) => {
    const steps = new IncidentSteps();
    steps.run(bad);
    steps.run(last);
    expect(() => byHand(steps)).toThrow(RefusedError);
    expect(() => byHand(steps)).toThrow('cistern mute app:shop');
    expect(steps.verbs()).toEqual(['opened']);
  });

  test.each([
    ['is on its way back', good],
    ['is looked at no longer', fresh('shop', 'skipped')],
  ])('is possible when it %s, and told', (_, last) => {
    const steps = new IncidentSteps();
    steps.run(bad);
    steps.run(last);
    steps.toldNow();
    byHand(steps);
    expect(steps.toldNow()).toEqual(['page resolve resolved', 'mail resolve resolved']);
    expect(steps.eventsOf('resolved')).toMatchObject([{ by: 'ann', reason: 'done' }]);
    expect(() => byHand(steps)).toThrow('resolved already');
  });

  test('bad again within 30 min is the same incident', () => {
    const steps = new IncidentSteps();
    steps.run(bad);
    steps.run(fresh('shop', 'skipped'));
    byHand(steps);
    steps.run(bad);
    expect(steps.verbs()).toEqual(['opened', 'resolved', 'reopened']);
  });

  test('loss that still collects is refused', () => {
    const steps = new IncidentSteps();
    steps.run(finding('loss', 'messages', 'critical'));
    steps.run(finding('loss', 'stage', 'ok'));
    expect(() => byHand(steps)).toThrow(RefusedError);
  });
});

describe('closing', () => {
  const byHand = (steps: IncidentSteps, id = idOf(steps)) =>
    steps.do((state, now, rules) => close(state, id, { by: 'ann', reason: 'seen', now }, rules));

  test('is refused while it is open', () => {
    const steps = new IncidentSteps();
    steps.run(bad);
    expect(() => byHand(steps)).toThrow(RefusedError);
    steps.run(good);
    expect(() => byHand(steps)).toThrow('resolve it first');
  });

  test('of one that is resolved: what comes next is another', () => {
    const steps = new IncidentSteps();
    steps.run(bad);
    steps.runFor(10, good);
    byHand(steps);
    expect(() => byHand(steps)).toThrow('closed already');
    steps.run(bad);
    expect(steps.verbs()).toEqual(['opened', 'resolved', 'closed', 'opened']);
  });

  test('of one that is mitigated tells nobody anew', () => {
    const steps = new IncidentSteps();
    steps.run(finding('loss', 'messages', 'critical'));
    steps.runFor(60, finding('loss', 'stage', 'ok'));
    steps.toldNow();
    byHand(steps);
    expect([steps.verbs(), steps.toldNow()]).toEqual([['opened', 'mitigated', 'closed'], []]);
  });

  test('of one that the state has forgotten is done on its record', () => {
    const steps = new IncidentSteps();
    steps.run(bad);
    const id = idOf(steps);
    steps.runFor(180, good);
    expect(() => byHand(steps, id)).toThrow(RefusedError);
    const event = closedEvent(id, { by: 'ann', reason: 'seen', now: steps.now });
    expect(incidentEvent.parse(event)).toMatchObject({ verb: 'closed', incident: id });
  });
});

describe('opening by hand', () => {
  function opened(severity: 'P0' | 'P2' | 'P3', apps: readonly string[] = ['shop']): IncidentSteps {
    const steps = new IncidentSteps(rulesFor({ runbookBase: 'https://wiki.example.com/' }));
    const said = { title: 'All is red', service: 'checkout', environment: 'staging', remedy: 'Look' };
    steps.do((state, now, rules) => openByHand(state, { ...said, severity, apps, by: 'ann', now }, rules));
    return steps;
  }

  test('is told and recorded like any other', () => {
    const steps = opened('P0');
    expect(steps.events).toMatchObject([
      { verb: 'opened', check: 'manual', by: 'ann', service: 'checkout', environment: 'staging' },
    ]);
    expect(steps.alerts[0]).toMatchObject({
      severity: 'P0',
      title: 'All is red',
      command: `cistern incident show ${idOf(steps)}`,
    });
    // There is no runbook for what only a person knows.
    expect(steps.alerts[0]?.runbookUrl).toBeUndefined();
  });

  test('pages again only what pages', () => {
    expect(opened('P0').runFor(240, good)).toContain('page trigger reminder');
    expect(opened('P2').runFor(480, good)).toEqual([]);
  });

  test.each(['resolve', 'close'] as const)('ends by hand: %s', (verb) => {
    const steps = opened('P0');
    const id = idOf(steps);
    steps.toldNow();
    const end = verb === 'resolve' ? resolve : close;
    steps.do((state, now, rules) => end(state, id, { by: 'ann', reason: 'fine', now }, rules));
    expect(steps.toldNow().map((each) => each.split(' ')[1])).toEqual(['resolve', 'resolve']);
    steps.runFor(120, good);
    expect(steps.state.incidents).toEqual({});
  });

  test('twice in a moment are two', () => {
    const steps = opened('P3');
    const said = { title: 'All is red', service: 'x', environment: 'y', remedy: '', apps: ['shop'] };
    steps.do((state, now, rules) => openByHand(state, { ...said, severity: 'P3', by: 'ann', now }, rules));
    expect(Object.keys(steps.state.incidents)).toHaveLength(2);
  });

  test('without apps it is muted with everything only', () => {
    const steps = opened('P0', []);
    muted(steps, 'app:shop', 600);
    expect(steps.runFor(240, good)).toContain('page trigger reminder');
    muted(steps, 'all', 600);
    expect(steps.runFor(300, good)).toEqual([]);
  });
});

test('acknowledging what is not open is refused', () => {
  const steps = new IncidentSteps();
  steps.run(bad);
  const id = idOf(steps);
  const byHand = () => steps.do((state, now, rules) => acknowledge(state, id, { by: 'ann', now }, rules));
  byHand();
  steps.runFor(10, good);
  expect(byHand).toThrow('is over');
  steps.runAfter(2 * 60, resultsOf([good]));
  steps.runFor(20, good);
  expect(byHand).toThrow(`cistern incident show ${id}`);
  const other = parseIncidentId('inc_20260101_0000_aaaaaa');
  if (other === undefined) throw new Error('no id');
  expect(() => steps.do((state, now, rules) => acknowledge(state, other, { by: 'ann', now }, rules))).toThrow(
    RefusedError,
  );
});

test('an operator whose clock is ahead does not disturb the order of a timeline', () => {
  const steps = new IncidentSteps();
  steps.run(bad);
  const id = idOf(steps);
  steps.do((state, now, rules) => acknowledge(state, id, { by: 'ann', now: now + hour }, rules));
  steps.runFor(10, good);
  const inOrder = steps.events.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
  expect(inOrder).toEqual(steps.events);
});
