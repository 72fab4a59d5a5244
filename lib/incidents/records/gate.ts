import { type FollowUpOf, followUpsOf } from './followups.ts';
import { type Incident, isOver } from './record.ts';

/** What speaks against a release. */
export interface Gate {
  /** P0 and P1 that are not over, acknowledged or not. */
  readonly open: readonly Incident[];
  readonly overdue: readonly FollowUpOf[];
}

export interface GateOf {
  /** Undefined: of any. */
  readonly service?: string;
  readonly environment?: string;
}

export function gate(records: readonly Incident[], of: GateOf, now: number): Gate {
  const { service, environment } = of;
  return {
    open: records.filter(
      (incident) =>
        !isOver(incident) &&
        (incident.severity === 'P0' || incident.severity === 'P1') &&
        (service === undefined || incident.service === service) &&
        (environment === undefined || incident.environment === environment),
    ),
    overdue: followUpsOf(records, { ...of, overdue: true }, now),
  };
}
