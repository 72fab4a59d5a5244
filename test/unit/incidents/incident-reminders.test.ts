import { describe, expect, test } from 'vitest';
import { acknowledge, mute } from '../../../lib/incidents/commands.ts';
import { accepted, fresh, IncidentSteps, minute, start, unreached } from '../../support/incident-steps.ts';
import { ack, bad, good, routed, warning } from '../../support/routed-incident.ts';

describe('reminders', () => {
  test('every four hours, of what is critical', () => {
    const steps = new IncidentSteps();
    steps.run(bad);
    const times: number[] = [];
    for (let run = 0; run < 150; run += 1) {
      steps.toldNow();
      steps.run(bad);
      if (steps.told.includes('page trigger reminder')) times.push((steps.now - start) / minute - 5);
    }
    expect(times).toEqual([240, 480, 720]);
  });

  test('none of a warning', () => {
    const steps = new IncidentSteps();
    steps.run(warning);
    steps.toldNow();
    expect(steps.runFor(600, warning)).toEqual([]);
  });

  test('none outside the hours of the app, and one as soon as they begin again', () => {
    const steps = new IncidentSteps();
    steps.run(bad);
    steps.toldNow();
    expect(steps.runFor(600, fresh('shop', 'skipped'))).toEqual([]);
    expect(steps.runFor(5, bad)).toEqual(['page trigger reminder', 'mail trigger reminder']);
  });

  test('none while acknowledged, which ends after a day', () => {
    const steps = new IncidentSteps();
    steps.run(bad);
    ack(steps);
    steps.toldNow();
    expect(steps.runFor(24 * 60 - 5, bad)).toEqual([]);
    expect(steps.runFor(5, bad)).toEqual(['page trigger reminder', 'mail trigger reminder']);
  });

  test('none while it is on its way back', () => {
    const steps = new IncidentSteps();
    steps.runFor(240, bad);
    steps.toldNow();
    expect(steps.runFor(5, good)).toEqual([]);
    expect(steps.runFor(5, bad)).toEqual(['page trigger reminder', 'mail trigger reminder']);
  });

  test('do not pile up before a channel that is away', () => {
    const steps = new IncidentSteps();
    steps.answer = (channel) => (channel === 'page' ? unreached : accepted);
    steps.runFor(1000, bad);
    expect(steps.state.unsent.map(({ alert }) => alert.reason)).toEqual(['opened']);
  });
});

describe('acknowledgement', () => {
  test('goes to the channels that were told, and follows the page to those that were not', () => {
    const steps = new IncidentSteps();
    steps.answer = (channel) => (channel === 'page' ? accepted : unreached);
    steps.run(bad);
    ack(steps);
    expect(steps.toldNow()).toEqual(['page trigger opened', 'page acknowledge acknowledged']);
    expect(steps.eventsOf('acknowledged')).toMatchObject([
      { by: 'ann', until: steps.now + 24 * 60 * minute },
    ]);
    steps.answer = () => accepted;
    expect(steps.runFor(10, bad)).toEqual(['mail trigger opened', 'mail acknowledge acknowledged']);
  });

  test('is told to nobody once it has ended', () => {
    const steps = new IncidentSteps();
    steps.answer = () => unreached;
    steps.run(bad);
    ack(steps);
    steps.runFor(24 * 60, bad);
    steps.answer = () => accepted;
    expect(steps.runFor(10, bad)).toEqual(['page trigger opened', 'mail trigger opened']);
  });

  test('is told to nobody whose page was muted before it came', () => {
    const steps = new IncidentSteps();
    steps.answer = () => unreached;
    steps.run(bad);
    ack(steps);
    steps.do((state, now, rules) =>
      mute(state, { scope: 'all', until: now + 60 * minute, reason: 'r', by: 'ann', now }, rules),
    );
    steps.answer = () => accepted;
    expect(steps.runFor(30, bad)).toEqual([]);
  });

  test('ends when severity rises', () => {
    const steps = new IncidentSteps();
    steps.run(warning);
    ack(steps);
    steps.run(bad);
    expect(steps.incident().acknowledgedUntil).toBeUndefined();
    expect(steps.told).toContain('page trigger escalated');
  });

  test('by a clock that is ahead ends a day after the next run', () => {
    const steps = routed();
    steps.run(bad);
    const { id } = steps.incident();
    const ahead = steps.now + 365 * 24 * 60 * minute;
    steps.do((state, _, rules) => acknowledge(state, id, { by: 'ann', now: ahead }, rules));
    expect(steps.runFor(24 * 60, bad)).not.toContain('page trigger reminder');
    expect(steps.runFor(10, bad)).toContain('page trigger reminder');
  });

  test('is not sent once the incident is over', () => {
    const steps = new IncidentSteps();
    steps.run(bad);
    steps.answer = () => unreached;
    ack(steps);
    steps.run(good);
    steps.run(good);
    expect(steps.state.unsent.map(({ alert }) => alert.kind)).toEqual(['resolve', 'resolve']);
  });
});

describe('a page that nobody acknowledges', () => {
  test('goes to others after fifteen minutes, once', () => {
    const steps = routed();
    steps.run(bad);
    expect(steps.runFor(10, bad)).toEqual([]);
    expect(steps.runFor(5, bad)).toEqual(['boss trigger unacknowledged']);
    expect(steps.runFor(60, bad)).toEqual([]);
    expect(steps.eventsOf('noted')).toMatchObject([{ text: expect.stringContaining('boss') }]);
    expect(steps.runFor(10, good)).toEqual(['page resolve resolved', 'boss resolve resolved']);
  });

  test('not outside production, where it is a P2', () => {
    const steps = routed();
    steps.rules = { ...steps.rules, environment: 'staging' };
    expect(steps.runFor(20, bad)).toEqual(['page trigger opened']);
  });

  test.each([
    ['acknowledged in time', (steps: IncidentSteps) => ack(steps), bad],
    ['outside hours', () => undefined, fresh('shop', 'skipped')],
    ['on its way back', () => undefined, good],
  ])('not when %s', (_, act, then) => {
    const steps = routed();
    steps.run(bad);
    steps.toldNow();
    act(steps);
    steps.toldNow();
    steps.run(then);
    expect(steps.runFor(20, then)).not.toContain('boss trigger unacknowledged');
  });

  test('a warning waits for nobody', () => {
    const steps = routed();
    expect(steps.runFor(60, warning)).toEqual(['mail trigger opened']);
  });

  test('again when it was over and is bad again', () => {
    const steps = routed();
    steps.runFor(20, bad);
    steps.runFor(10, good);
    steps.toldNow();
    expect(steps.runFor(15, bad)).toEqual(['page trigger reopened']);
    expect(steps.runFor(5, bad)).toEqual(['boss trigger unacknowledged']);
  });

  test('again when an acknowledgement has lapsed for fifteen minutes', () => {
    const steps = routed();
    steps.run(bad);
    ack(steps);
    expect(steps.runFor(24 * 60 + 10, bad)).not.toContain('boss trigger unacknowledged');
    expect(steps.runFor(5, bad)).toContain('boss trigger unacknowledged');
  });
});
