import { describe, expect, test } from 'vitest';
import { RefusedError, scopeOf, unmute } from '../../../lib/incidents/commands.ts';
import { finding, fresh, IncidentSteps, muted, rulesFor, unreached } from '../../support/incident-steps.ts';
import { bad, good } from '../../support/routed-incident.ts';

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
