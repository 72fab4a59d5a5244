import { expect, it } from 'vitest';
import { recurrences } from '../../../lib/incidents/records/recurrence.ts';
import { event, idOf, incident, openedAt } from '../../support/incident-events.ts';
import { recordOf } from '../../support/incident-records.ts';

const day = 86_400_000;
const week = { from: openedAt - 7 * day, to: openedAt + 1 };

function opened(id: string, days: number, changes: Parameters<typeof event<'opened'>>[1] = {}) {
  return event('opened', {
    incident: idOf(`inc_20261120_0915_${id}`),
    at: openedAt + days * day,
    ...changes,
  });
}

it('finds a subject whose check opened again', () => {
  const records = [
    recordOf(opened('aaaaaa', -3)),
    recordOf(opened('bbbbbb', 0)),
    recordOf(opened('cccccc', 0, { check: 'drain' })),
    recordOf(opened('dddddd', 0, { subjects: ['blog'] })),
  ];

  expect(recurrences(records, week)).toEqual([
    {
      check: 'freshness',
      subject: 'shop',
      at: [openedAt - 3 * day, openedAt],
      incidents: ['inc_20261120_0915_aaaaaa', 'inc_20261120_0915_bbbbbb'],
    },
  ]);
});

it('counts an incident that was reopened', () => {
  const flapping = recordOf(
    opened('aaaaaa', -2),
    event('reopened', { at: openedAt - day }),
    event('reopened', { id: 'again', at: openedAt }),
  );

  expect(recurrences([flapping], week)).toMatchObject([{ subject: 'shop', at: { length: 3 } }]);
});

it('counts what began in the window only', () => {
  const records = [recordOf(opened('aaaaaa', -8)), recordOf(opened('bbbbbb', 0))];

  expect(recurrences(records, week)).toEqual([]);
  expect(recurrences(records, { from: week.from - day, to: week.to })).toHaveLength(1);
  expect(recurrences(records, { from: week.from - day, to: openedAt })).toEqual([]);
});

it('finds one subject among several, the most frequent first', () => {
  const records = [
    recordOf(opened('aaaaaa', -3, { subjects: ['blog', 'shop'] })),
    recordOf(opened('bbbbbb', -2, { subjects: ['shop'] })),
    recordOf(opened('cccccc', -1, { subjects: ['shop', 'blog'] })),
    recordOf(event('opened', { incident, subjects: [] })),
  ];

  expect(recurrences(records, week).map(({ subject, at }) => [subject, at.length])).toEqual([
    ['shop', 3],
    ['blog', 2],
  ]);
});
