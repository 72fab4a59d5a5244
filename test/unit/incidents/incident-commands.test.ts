import { describe, expect, test } from 'vitest';
import {
  acknowledge,
  close,
  closedEvent,
  openByHand,
  RefusedError,
  resolve,
} from '../../../lib/incidents/commands.ts';
import { incidentEvent, parseIncidentId } from '../../../lib/incidents/incident.ts';
import {
  finding,
  fresh,
  hour,
  IncidentSteps,
  muted,
  resultsOf,
  rulesFor,
} from '../../support/incident-steps.ts';
import { bad, good } from '../../support/routed-incident.ts';

function idOf(steps: IncidentSteps) {
  return steps.incident().id;
}

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
