import {
  type EventOf,
  type IncidentEvent,
  type IncidentId,
  parseIncidentId,
  type Verb,
} from '../../lib/incidents/incident.ts';

export const openedAt: number = Date.UTC(2026, 10, 20, 9, 15);

/** Throws for what is none. */
export function idOf(text: string): IncidentId {
  const id = parseIncidentId(text);
  if (id === undefined) throw new Error(`no incident id: ${text}`);
  return id;
}

export const incident: IncidentId = idOf('inc_20261120_0915_k3f9qa');

const common = { incident, at: openedAt, by: 'watch' };

const samples: { readonly [V in Verb]: EventOf<V> } = {
  opened: {
    ...common,
    id: '1-opened',
    verb: 'opened',
    check: 'freshness',
    subjects: ['shop'],
    apps: ['shop'],
    severity: 'P1',
    title: 'shop has been silent for 16 min',
    remedy: 'Look whether its drain is still there',
    since: openedAt - 16 * 60_000,
    service: 'production',
    environment: 'production',
    evidence: { silentMinutes: 16 },
  },
  escalated: {
    ...common,
    id: '2-escalated',
    verb: 'escalated',
    from: 'P3',
    to: 'P1',
    reason: 'became critical',
  },
  widened: { ...common, id: '3-widened', verb: 'widened', subjects: ['blog'], apps: ['blog'] },
  noted: { ...common, id: '4-noted', verb: 'noted', text: 'Heroku says it is theirs', by: 'ada' },
  acknowledged: {
    ...common,
    id: '5-acknowledged',
    verb: 'acknowledged',
    until: openedAt + 86_400_000,
    by: 'ada',
  },
  muted: {
    ...common,
    id: '6-muted',
    verb: 'muted',
    scope: 'app:shop',
    until: openedAt + 7_200_000,
    reason: 'moving',
  },
  'follow-up-added': {
    ...common,
    id: '7-added',
    verb: 'follow-up-added',
    followUp: 'f1',
    text: 'Raise the threshold',
    owner: 'ada',
    due: '2026-11-30',
  },
  'follow-up-done': { ...common, id: '8-done', verb: 'follow-up-done', followUp: 'f1' },
  'artifact-attached': {
    ...common,
    id: '9-attached',
    verb: 'artifact-attached',
    name: 'heroku-status.txt',
    bytes: 12,
    sha256: 'a'.repeat(64),
  },
  mitigated: { ...common, id: 'a-mitigated', verb: 'mitigated', reason: 'quiet for an hour' },
  resolved: { ...common, id: 'b-resolved', verb: 'resolved', reason: 'recovered' },
  reopened: { ...common, id: 'c-reopened', verb: 'reopened', reason: 'bad again', severity: 'P1' },
  closed: { ...common, id: 'd-closed', verb: 'closed', reason: 'all done' },
};

/** An event as it may well happen; `changes` say what is special about this one. */
export function event<V extends Verb>(verb: V, changes: Partial<EventOf<V>> = {}): EventOf<V> {
  return { ...samples[verb], ...changes };
}

export const oneOfEach: readonly IncidentEvent[] = Object.values(samples);
