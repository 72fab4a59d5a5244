import type { IncidentId } from '../incident.ts';
import { type FollowUp, type Incident, isOverdue } from './record.ts';

/** A follow-up and whose it is. */
export interface FollowUpOf extends FollowUp {
  readonly incident: IncidentId;
  readonly title: string;
  readonly service: string;
  readonly environment: string;
  readonly overdue: boolean;
}

export interface FollowUpFilter {
  readonly overdue?: boolean;
  /** False leaves out those that are done. */
  readonly done?: boolean;
  readonly service?: string;
  readonly environment?: string;
}

/** Follow-ups of all these incidents, the earliest due first. `now` in milliseconds since 1970. */
export function followUpsOf(
  records: readonly Incident[],
  { overdue, done = true, service, environment }: FollowUpFilter,
  now: number,
): FollowUpOf[] {
  return records
    .filter(
      (incident) =>
        (service === undefined || incident.service === service) &&
        (environment === undefined || incident.environment === environment),
    )
    .flatMap(({ id, title, followUps, ...incident }) =>
      followUps.map((followUp) => ({
        ...followUp,
        incident: id,
        title,
        service: incident.service,
        environment: incident.environment,
        overdue: isOverdue(followUp, now),
      })),
    )
    .filter((each) => (overdue !== true || each.overdue) && (done || each.doneAt === undefined))
    .sort((a, b) => compare(a.due, b.due) || compare(a.incident, b.incident) || compare(a.id, b.id));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
