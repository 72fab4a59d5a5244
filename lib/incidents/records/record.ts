import { type IncidentCheck, type Severity, severities } from '../../findings/severity.ts';
import type { EventOf, IncidentEvent, IncidentId, IncidentStatus } from '../incident.ts';

/** An incident's record. Times are milliseconds since 1970, durations milliseconds. */
export interface Incident {
  readonly id: IncidentId;
  readonly check: IncidentCheck;
  readonly title: string;
  readonly remedy: string;
  readonly service: string;
  readonly environment: string;
  readonly subjects: readonly string[];
  readonly apps: readonly string[];
  /** An acknowledgement may have run out since: {@link statusAt} knows. */
  readonly status: IncidentStatus;
  readonly severity: Severity;
  /** The worst severity that it ever had. */
  readonly worst: Severity;
  /** When the trouble began, and when an incident was opened for it. */
  readonly since: number;
  readonly openedAt: number;
  /** The first acknowledgement, and when the latest one ends. */
  readonly acknowledgedAt?: number;
  readonly acknowledgedUntil?: number;
  /** Of the last end of it: gone again where it was reopened. */
  readonly mitigatedAt?: number;
  readonly resolvedAt?: number;
  readonly closedAt?: number;
  /** When it was opened again. */
  readonly reopenings: readonly number[];
  readonly evidence: EventOf<'opened'>['evidence'];
  readonly notes: readonly Note[];
  readonly followUps: readonly FollowUp[];
  readonly artifacts: readonly Artifact[];
  /** The timeline: in order, each event once. */
  readonly events: readonly IncidentEvent[];
}

export interface Note {
  readonly at: number;
  readonly by: string;
  readonly text: string;
}

export interface FollowUp {
  readonly id: string;
  readonly text: string;
  readonly owner: string;
  /** A day, `YYYY-MM-DD`. */
  readonly due: string;
  readonly addedAt: number;
  readonly doneAt?: number;
}

export interface Artifact {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly at: number;
  readonly by: string;
}

/**
 * The record that a timeline amounts to, whatever the order of its events and however often each is there.
 * Undefined without an event that opens it. Never throws.
 */
export function foldTimeline(events: readonly IncidentEvent[]): Incident | undefined {
  const timeline = inOrder(events);
  const opened = timeline.find((each) => each.verb === 'opened');
  if (opened === undefined) return undefined;
  let incident = recordOf(opened, timeline);
  for (const event of timeline) incident = apply(incident, event);
  return { ...incident, followUps: followUpsOf(timeline) };
}

/** By time, then id. Of several with one id and verb (one that was written twice) the first counts. */
function inOrder(events: readonly IncidentEvent[]): IncidentEvent[] {
  const sorted = events
    .map((event) => ({ event, text: JSON.stringify(event) }))
    .sort((a, b) => a.event.at - b.event.at || compare(a.event.id, b.event.id) || compare(a.text, b.text));
  const seen = new Set<string>();
  return sorted.flatMap(({ event }) => {
    const name = `${event.id} ${event.verb}`;
    if (seen.has(name)) return [];
    seen.add(name);
    return event;
  });
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function recordOf(opened: EventOf<'opened'>, events: readonly IncidentEvent[]): Incident {
  const { incident: id, check, title, remedy, service, environment, severity, evidence } = opened;
  return {
    id,
    check,
    title,
    remedy,
    service,
    environment,
    subjects: union([], opened.subjects),
    apps: union([], opened.apps),
    status: 'open',
    severity,
    worst: severity,
    since: Math.min(opened.since, opened.at),
    openedAt: opened.at,
    reopenings: [],
    evidence,
    notes: [],
    followUps: [],
    artifacts: [],
    events,
  };
}

/** What is wrong by now: an incident that began as a warning may tell of something else once it is critical. */
function presentOf(incident: Incident, { title, remedy }: EventOf<'escalated' | 'reopened'>) {
  return { title: title ?? incident.title, remedy: remedy ?? incident.remedy };
}

/** One event on top of those before it. What makes no sense there changes nothing but the timeline. */
function apply(incident: Incident, event: IncidentEvent): Incident {
  const { at, by } = event;
  switch (event.verb) {
    case 'escalated': {
      const rose = worse(event.to, incident.severity);
      return {
        ...(rose ? withoutAcknowledgement(incident) : incident),
        ...presentOf(incident, event),
        severity: event.to,
        worst: worst(incident.worst, event.to),
      };
    }
    case 'widened':
      return {
        ...incident,
        subjects: union(incident.subjects, event.subjects),
        apps: union(incident.apps, event.apps),
      };
    case 'noted':
      return { ...incident, notes: [...incident.notes, { at, by, text: event.text }] };
    case 'acknowledged': {
      const acknowledgedAt = incident.acknowledgedAt ?? at;
      if (isOver(incident)) return { ...incident, acknowledgedAt };
      return { ...incident, status: 'acknowledged', acknowledgedAt, acknowledgedUntil: event.until };
    }
    case 'artifact-attached': {
      const { name, bytes, sha256 } = event;
      if (incident.artifacts.some((each) => each.name === name)) return incident;
      return { ...incident, artifacts: [...incident.artifacts, { name, bytes, sha256, at, by }] };
    }
    case 'mitigated':
      return isOver(incident) ? incident : { ...incident, status: 'mitigated', mitigatedAt: at };
    case 'resolved':
      if (incident.status === 'closed' || incident.status === 'resolved') return incident;
      return { ...incident, status: 'resolved', resolvedAt: at };
    case 'closed':
      return incident.status === 'closed' ? incident : { ...incident, status: 'closed', closedAt: at };
    case 'reopened':
      return {
        ...withoutEnd(withoutAcknowledgement(incident)),
        ...presentOf(incident, event),
        status: 'open',
        severity: event.severity,
        worst: worst(incident.worst, event.severity),
        reopenings: [...incident.reopenings, at],
      };
    case 'opened':
    case 'muted':
    case 'follow-up-added':
    case 'follow-up-done':
      return incident;
  }
}

/** Nobody has to do anything about it now. */
export function isOver({ status }: Pick<Incident, 'status'>): boolean {
  return status === 'mitigated' || status === 'resolved' || status === 'closed';
}

/** The status now: an acknowledgement that has run out is none. */
export function statusAt({ status, acknowledgedUntil }: Incident, now: number): IncidentStatus {
  if (status !== 'acknowledged') return status;
  return acknowledgedUntil !== undefined && acknowledgedUntil <= now ? 'open' : status;
}

/** From the day after it was due, UTC, until it is done. */
export function isOverdue({ due, doneAt }: FollowUp, now: number): boolean {
  return doneAt === undefined && due < new Date(now).toISOString().slice(0, 10);
}

/** Also one that was done before it was added, as it looks where two clocks differ. */
function followUpsOf(events: readonly IncidentEvent[]): FollowUp[] {
  const done = new Map<string, number>();
  for (const event of events) {
    if (event.verb === 'follow-up-done' && !done.has(event.followUp)) done.set(event.followUp, event.at);
  }
  const found = new Map<string, FollowUp>();
  for (const event of events) {
    if (event.verb !== 'follow-up-added' || found.has(event.followUp)) continue;
    const { followUp: id, text, owner, due, at: addedAt } = event;
    const doneAt = done.get(id);
    found.set(id, { id, text, owner, due, addedAt, ...(doneAt === undefined ? {} : { doneAt }) });
  }
  return [...found.values()];
}

function withoutAcknowledgement({ acknowledgedUntil: _, ...incident }: Incident): Incident {
  return incident.status === 'acknowledged' ? { ...incident, status: 'open' } : incident;
}

function withoutEnd({ mitigatedAt: _, resolvedAt: __, closedAt: ___, ...incident }: Incident): Incident {
  return incident;
}

/** Whether `a` is the worse: P0 is the worst. */
function worse(a: Severity, b: Severity): boolean {
  return severities.indexOf(a) < severities.indexOf(b);
}

function worst(a: Severity, b: Severity): Severity {
  return worse(a, b) ? a : b;
}

function union(a: readonly string[], b: readonly string[]): string[] {
  return [...new Set([...a, ...b])];
}
