import type { CheckName } from '../../findings/finding.ts';
import { type IncidentCheck, type Severity, severities } from '../../findings/severity.ts';

/** When incidents open, end and are told of again: every number of the rules, all times in milliseconds. */

const minute = 60_000;
const hour = 60 * minute;

interface CheckRule {
  /** Bad findings in a row. */
  readonly opensAfter: 1 | 2;
  /** An event check says what happened since its last look; a state check says how things are. */
  readonly kind: 'state' | 'event';
}

export const checkRules: Readonly<Record<CheckName, CheckRule>> = {
  freshness: { opensAfter: 1, kind: 'state' },
  volume: { opensAfter: 2, kind: 'state' },
  retention: { opensAfter: 1, kind: 'state' },
  drain: { opensAfter: 2, kind: 'state' },
  canary: { opensAfter: 2, kind: 'state' },
  spool: { opensAfter: 1, kind: 'state' },
  loss: { opensAfter: 1, kind: 'event' },
  jobs: { opensAfter: 2, kind: 'state' },
  alerts: { opensAfter: 1, kind: 'state' },
  records: { opensAfter: 1, kind: 'state' },
};

/** Good findings in a row. */
export const resolvesAfter = 2;
/** Subjects of one check that turn bad in one run, and so make one incident. */
export const groupsFrom = 3;
/** Runs in a row in which a check could not look. */
export const blind = { warningRuns: 3, criticalRuns: 12 } as const;

export const times = {
  /** Looks closer together than this are one look. */
  sameLook: minute,
  /** Bad again within this time of being resolved is the same incident. */
  continues: 30 * minute,
  /** An event incident is mitigated after so long without another event. */
  quiet: hour,
  acknowledgement: 24 * hour,
  reminder: 4 * hour,
  /** Not delivered for so long: the fallback is told. */
  fallback: 10 * minute,
  /** Not acknowledged for so long: the route's `escalate` is told. */
  unacknowledged: 15 * minute,
  repeat: hour,
  /** After so long nobody waits any more to hear that something is over. */
  givesUp: 7 * 24 * hour,
  /** What an event check remembers of a subject that it reports no longer. */
  forgets: 24 * hour,
} as const;

/** Of a check's finding. */
export function severityOf(status: 'warning' | 'critical', environment: string): Severity {
  if (status === 'warning') return 'P3';
  return environment === 'production' ? 'P1' : 'P2';
}

/** Whether it wants a person now: P0, P1, and the P2 of a critical finding outside production. */
export function pages({
  severity,
  check,
}: {
  readonly severity: Severity;
  readonly check: IncidentCheck;
}): boolean {
  return severity === 'P0' || severity === 'P1' || (severity === 'P2' && check !== 'manual');
}

export function isWorse(severity: Severity, than: Severity): boolean {
  return severities.indexOf(severity) < severities.indexOf(than);
}
