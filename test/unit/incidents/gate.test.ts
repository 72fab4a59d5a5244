import { describe, expect, it } from 'vitest';
import { followUpsOf } from '../../../lib/incidents/records/followups.ts';
import { gate } from '../../../lib/incidents/records/gate.ts';
import { event, idOf, openedAt } from '../../support/incident-events.ts';
import { recordOf } from '../../support/incident-records.ts';

const now = Date.parse('2026-12-01T08:00:00Z');
const production = { service: 'production', environment: 'production' };

function opened(id: string, changes: Parameters<typeof event<'opened'>>[1] = {}) {
  return event('opened', { incident: idOf(`inc_20261120_0915_${id}`), ...changes });
}

describe('gate', () => {
  it('is held by open P0 and P1 incidents, acknowledged or not', () => {
    const records = [
      recordOf(opened('aaaaaa', { severity: 'P0' })),
      recordOf(opened('bbbbbb'), event('acknowledged')),
      recordOf(opened('cccccc', { severity: 'P2' })),
      recordOf(opened('dddddd'), event('resolved')),
      recordOf(opened('eeeeee'), event('mitigated')),
      recordOf(opened('ffffff', { severity: 'P3' }), event('escalated')),
    ];

    const { open, overdue } = gate(records, production, now);

    expect(open.map(({ id }) => id.slice(-6))).toEqual(['aaaaaa', 'bbbbbb', 'ffffff']);
    expect(overdue).toEqual([]);
  });

  it('is held by overdue follow-ups, of incidents that are over too', () => {
    const records = [recordOf(opened('aaaaaa'), event('closed'), event('follow-up-added'))];

    expect(gate(records, production, now).overdue).toMatchObject([{ id: 'f1', due: '2026-11-30' }]);
    expect(gate(records, production, openedAt).overdue).toEqual([]);
  });

  it('looks at one service and environment, or at all', () => {
    const records = [
      recordOf(opened('aaaaaa'), event('follow-up-added')),
      recordOf(opened('bbbbbb', { service: 'billing' })),
      recordOf(opened('cccccc', { environment: 'staging' })),
    ];
    const found = (of: Parameters<typeof gate>[1]) =>
      gate(records, of, now).open.map(({ id }) => id.slice(-6));

    expect(found(production)).toEqual(['aaaaaa']);
    expect(found({ service: 'billing' })).toEqual(['bbbbbb']);
    expect(found({ environment: 'production' })).toEqual(['aaaaaa', 'bbbbbb']);
    expect(found({})).toHaveLength(3);
    expect(gate(records, { service: 'billing' }, now).overdue).toEqual([]);
  });
});

describe('followUpsOf', () => {
  const records = [
    recordOf(
      opened('aaaaaa'),
      event('follow-up-added', { id: '1', followUp: 'late', due: '2026-11-30' }),
      event('follow-up-added', { id: '2', followUp: 'today', due: '2026-12-01' }),
    ),
    recordOf(
      opened('bbbbbb', { service: 'billing' }),
      event('follow-up-added', { id: '3', followUp: 'done', due: '2026-11-01' }),
      event('follow-up-done', { id: '4', followUp: 'done' }),
      event('follow-up-added', { id: '5', followUp: 'first', due: '2026-11-29' }),
    ),
  ];
  const found = (filter: Parameters<typeof followUpsOf>[1]) =>
    followUpsOf(records, filter, now).map(({ id }) => id);

  it('lists them by the day they are due', () => {
    expect(found({})).toEqual(['done', 'first', 'late', 'today']);
  });

  it('lists those that are open, overdue, or of a service', () => {
    expect(found({ done: false })).toEqual(['first', 'late', 'today']);
    expect(found({ overdue: true })).toEqual(['first', 'late']);
    expect(found({ overdue: true, service: 'production' })).toEqual(['late']);
    expect(found({ environment: 'staging' })).toEqual([]);
  });
});
