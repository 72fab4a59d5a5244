import { describe, expect, it } from 'vitest';
import type { IncidentEvent } from '../../../lib/incidents/incident.ts';
import { durationsOf, endedAt } from '../../../lib/incidents/records/durations.ts';
import { foldTimeline, type Incident, isOverdue, statusAt } from '../../../lib/incidents/records/record.ts';
import { event, incident as id, openedAt } from '../../support/incident-events.ts';

const minute = 60_000;
const opened = event('opened', { severity: 'P3' });

function fold(...events: readonly IncidentEvent[]): Incident {
  const incident = foldTimeline([opened, ...events]);
  if (incident === undefined) throw new Error('no record');
  return incident;
}
const at = (minutes: number) => ({ at: openedAt + minutes * minute });

describe('foldTimeline', () => {
  it('makes a record of the event that opens', () => {
    expect(fold()).toMatchObject({
      id,
      check: 'freshness',
      status: 'open',
      severity: 'P3',
      worst: 'P3',
      openedAt,
      since: openedAt - 16 * minute,
      subjects: ['shop'],
      apps: ['shop'],
      service: 'production',
      environment: 'production',
      reopenings: [],
      followUps: [],
      artifacts: [],
      notes: [],
    });
  });

  it('makes none of a timeline that never opens', () => {
    expect(foldTimeline([])).toBeUndefined();
    expect(foldTimeline([event('noted'), event('resolved')])).toBeUndefined();
  });

  it.each<[string, IncidentEvent[], string]>([
    ['acknowledged', [event('acknowledged', at(1))], 'acknowledged'],
    ['acknowledged, then worse', [event('acknowledged', at(1)), event('escalated', at(2))], 'open'],
    [
      'acknowledged, then less bad',
      [event('acknowledged', at(1)), event('escalated', { ...at(2), from: 'P3', to: 'P4' })],
      'acknowledged',
    ],
    ['mitigated', [event('mitigated', at(1))], 'mitigated'],
    ['resolved', [event('resolved', at(1))], 'resolved'],
    ['acknowledged when it was over', [event('resolved', at(1)), event('acknowledged', at(2))], 'resolved'],
    ['closed', [event('resolved', at(1)), event('closed', at(2))], 'closed'],
    ['resolved when it was closed', [event('closed', at(1)), event('resolved', at(2))], 'closed'],
    ['reopened', [event('resolved', at(1)), event('reopened', at(2))], 'open'],
  ])('knows the status of one %s', (_, events, status) => {
    expect(fold(...events).status).toBe(status);
  });

  it('keeps the severity now and the worst', () => {
    expect(
      fold(
        event('escalated', { ...at(1), id: 'up', from: 'P3', to: 'P1' }),
        event('escalated', { ...at(2), id: 'down', from: 'P1', to: 'P2' }),
      ),
    ).toMatchObject({ severity: 'P2', worst: 'P1' });
  });

  it('says what is wrong by now, where it became something else', () => {
    const now = { title: 'shop has sent nothing for 20 min', remedy: 'See whether its drain is there' };
    expect(fold(event('escalated', { ...at(5), ...now }))).toMatchObject(now);
    expect(fold(event('resolved', at(5)), event('reopened', { ...at(9), ...now }))).toMatchObject(now);
    expect(fold(event('escalated', at(5))).title).toBe(fold().title);
  });

  it('gathers subjects and apps, each once', () => {
    expect(fold(event('widened', { ...at(1), subjects: ['shop', 'blog'], apps: ['blog'] }))).toMatchObject({
      subjects: ['shop', 'blog'],
      apps: ['shop', 'blog'],
    });
  });

  it('forgets the end of one that was reopened, and remembers that it was', () => {
    const incident = fold(event('mitigated', at(1)), event('closed', at(2)), event('reopened', at(3)));

    expect(endedAt(incident)).toBeUndefined();
    expect(incident.reopenings).toEqual([openedAt + 3 * minute]);
  });

  it('ends an acknowledgement when it runs out', () => {
    const incident = fold(event('acknowledged', { ...at(1), until: openedAt + 10 * minute }));

    expect(statusAt(incident, openedAt + 9 * minute)).toBe('acknowledged');
    expect(statusAt(incident, openedAt + 10 * minute)).toBe('open');
  });

  it('keeps notes, artifacts and follow-ups', () => {
    const incident = fold(
      event('noted', at(1)),
      event('artifact-attached', at(2)),
      event('artifact-attached', { ...at(3), id: 'again', bytes: 99 }),
      event('follow-up-added', at(4)),
      event('follow-up-added', { ...at(5), id: 'other', followUp: 'f2' }),
      event('follow-up-done', at(6)),
    );

    expect(incident.notes).toEqual([{ at: openedAt + minute, by: 'ada', text: 'Heroku says it is theirs' }]);
    expect(incident.artifacts).toEqual([
      {
        name: 'heroku-status.txt',
        bytes: 12,
        sha256: 'a'.repeat(64),
        at: openedAt + 2 * minute,
        by: 'watch',
      },
    ]);
    expect(incident.followUps.map(({ id: each, doneAt }) => [each, doneAt])).toEqual([
      ['f1', openedAt + 6 * minute],
      ['f2', undefined],
    ]);
  });
});

describe('durationsOf', () => {
  it('counts from the beginning of the trouble to its end', () => {
    const incident = fold(event('acknowledged', at(4)), event('resolved', at(30)), event('closed', at(90)));

    expect(durationsOf(incident)).toEqual({
      toDetect: 16 * minute,
      toAcknowledge: 4 * minute,
      toResolve: 30 * minute,
      lasted: 46 * minute,
    });
  });

  it('takes the trouble to have ended when it was mitigated', () => {
    expect(durationsOf(fold(event('mitigated', at(5)), event('closed', at(500)))).toResolve).toBe(5 * minute);
  });

  it('has no end of one that is open', () => {
    expect(durationsOf(fold())).toEqual({ toDetect: 16 * minute });
  });
});

describe('isOverdue', () => {
  const followUp = { id: 'f1', text: 'x', owner: 'ada', due: '2026-11-30', addedAt: openedAt };

  it('is a follow-up from the day after', () => {
    expect(isOverdue(followUp, Date.parse('2026-11-30T23:59:59.999Z'))).toBe(false);
    expect(isOverdue(followUp, Date.parse('2026-12-01T00:00:00Z'))).toBe(true);
  });

  it('is none that is done', () => {
    expect(isOverdue({ ...followUp, doneAt: openedAt }, Date.parse('2027-01-01T00:00:00Z'))).toBe(false);
  });
});
