import { type Severity, severities } from '../findings/severity.ts';
import type { IncidentId, IncidentStatus } from '../incidents/incident.ts';
import { durationsOf, endedAt } from '../incidents/records/durations.ts';
import { type FollowUpOf, followUpsOf } from '../incidents/records/followups.ts';
import { foldTimeline, type Incident, isOver } from '../incidents/records/record.ts';
import type { Records } from '../incidents/records/records.ts';
import { type Recurrence, recurrences } from '../incidents/records/recurrence.ts';
import type { Week } from './week.ts';

/** A week of incidents. Times are milliseconds since 1970, durations milliseconds. */
export interface Digest {
  readonly version: 1;
  readonly week: string;
  readonly from: number;
  readonly to: number;
  readonly opened: readonly DigestIncident[];
  /** By the severity that they ended the week with. */
  readonly openedBySeverity: Readonly<Partial<Record<Severity, number>>>;
  /** Also those that were mitigated, or closed without either. */
  readonly resolved: readonly DigestIncident[];
  /** From the beginning of the trouble to the incident: of those opened. */
  readonly toDetect: Spread | null;
  /** From the incident to the end of the trouble: of those resolved. */
  readonly toResolve: Spread | null;
  readonly recurrences: readonly Recurrence[];
  /** Open at the end of the week, for more than seven days. */
  readonly stale: readonly DigestIncident[];
  /** At the end of the week. */
  readonly overdue: readonly FollowUpOf[];
  /** Incidents of which something could not be understood, and so is missing above. */
  readonly unreadable: readonly IncidentId[];
}

export interface DigestIncident {
  readonly id: IncidentId;
  readonly check: Incident['check'];
  readonly title: string;
  readonly subjects: readonly string[];
  readonly severity: Severity;
  readonly status: IncidentStatus;
  readonly service: string;
  readonly environment: string;
  readonly since: number;
  readonly openedAt: number;
  readonly endedAt: number | null;
}

export interface Spread {
  readonly median: number;
  readonly longest: number;
}

const staleMs = 7 * 24 * 60 * 60 * 1000;

/** As things stood when the week ended: what happened later changes nothing, so a week has one digest. */
export function digest({ records, unreadable }: Records, { name, from, to }: Week): Digest {
  const then = records.flatMap((record) => asOf(record, to) ?? []);
  const within = (at: number | undefined) => at !== undefined && at >= from && at < to;
  const opened = then.filter(({ openedAt }) => within(openedAt));
  const resolved = then.filter((incident) => within(endedAt(incident)));
  return {
    version: 1,
    week: name,
    from,
    to,
    opened: opened.map(shortly),
    openedBySeverity: countBySeverity(opened),
    resolved: resolved.map(shortly),
    toDetect: spreadOf(opened.map((incident) => durationsOf(incident).toDetect)),
    toResolve: spreadOf(resolved.flatMap((incident) => durationsOf(incident).toResolve ?? [])),
    recurrences: recurrences(then, { from, to }),
    stale: then.filter((incident) => !isOver(incident) && incident.openedAt < to - staleMs).map(shortly),
    overdue: followUpsOf(then, { overdue: true }, to),
    unreadable: unreadable.map(({ id }) => id),
  };
}

/** The record as it was before an instant. */
function asOf({ events }: Incident, instant: number): Incident | undefined {
  return foldTimeline(events.filter(({ at }) => at < instant));
}

function shortly(incident: Incident): DigestIncident {
  const { id, check, title, subjects, severity, status, service, environment, since, openedAt } = incident;
  const end = endedAt(incident) ?? null;
  return {
    id,
    check,
    title,
    subjects,
    severity,
    status,
    service,
    environment,
    since,
    openedAt,
    endedAt: end,
  };
}

function countBySeverity(incidents: readonly Incident[]): Partial<Record<Severity, number>> {
  const counts: Partial<Record<Severity, number>> = {};
  for (const severity of severities) {
    const count = incidents.filter((incident) => incident.severity === severity).length;
    if (count > 0) counts[severity] = count;
  }
  return counts;
}

/** Of an even number, the median is the mean of the two in the middle. */
function spreadOf(durations: readonly number[]): Spread | null {
  const sorted = durations.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  const longest = sorted.at(-1);
  if (upper === undefined || lower === undefined || longest === undefined) return null;
  return { median: (lower + upper) / 2, longest };
}
