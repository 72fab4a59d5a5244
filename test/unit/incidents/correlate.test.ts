import { expect, it } from 'vitest';
import type { IncidentEvent } from '../../../lib/incidents/incident.ts';
import { correlate } from '../../../lib/incidents/records/correlate.ts';
import { event, idOf, openedAt } from '../../support/incident-events.ts';
import { recordOf } from '../../support/incident-records.ts';

const minute = 60_000;
const incident = recordOf(event('opened'));
let made = 0;

function other(minutes: number, changes: Parameters<typeof event<'opened'>>[1], ...more: IncidentEvent[]) {
  made += 1;
  const id = idOf(`inc_20261120_0000_${String(made).padStart(6, '0')}`);
  return recordOf(event('opened', { incident: id, at: openedAt + minutes * minute, ...changes }), ...more);
}
const ended = (minutes: number) => event('resolved', { at: openedAt + minutes * minute });

it('finds what was open within half an hour and shares the check or an app, nearest first', () => {
  const sameCheck = other(20, { apps: ['blog'] });
  const sameApp = other(-5, { check: 'drain' });
  const both = other(30, {});

  expect(correlate(incident, [sameCheck, sameApp, both])).toEqual([
    { incident: sameApp, shared: ['app shop'], after: -5 * minute },
    { incident: sameCheck, shared: ['check freshness'], after: 20 * minute },
    { incident: both, shared: ['check freshness', 'app shop'], after: 30 * minute },
  ]);
});

it('counts one that was opened long before and is open still, or was until lately', () => {
  expect(correlate(incident, [other(-5_000, {})])).toHaveLength(1);
  expect(correlate(incident, [other(-5_000, {}, ended(-30))])).toHaveLength(1);
});

it('counts neither itself, nor what was over before or opened after', () => {
  const others = [incident, other(-5_000, {}, ended(-31)), other(31, {})];

  expect(correlate(incident, others)).toEqual([]);
});

it('counts none that shares nothing, nor takes being opened by hand for a thing in common', () => {
  const byHand = recordOf(event('opened', { check: 'manual', apps: ['shop'] }));

  expect(correlate(incident, [other(0, { check: 'drain', apps: ['blog'] })])).toEqual([]);
  expect(correlate(byHand, [other(0, { check: 'manual', apps: [] })])).toEqual([]);
});
