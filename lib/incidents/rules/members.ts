import type { CheckName, Finding } from '../../findings/finding.ts';
import type { LiveIncident, State, SubjectState } from '../state.ts';
import type { Draft } from './draft.ts';
import { checkRules, resolvesAfter } from './thresholds.ts';

/** The subject of an incident that is about a check as such: it can't look. */
export const checkItself = '*';

/** What a subject is called in the state. */
export function keyOf({ check, subject }: Pick<Finding, 'check' | 'subject'>): string {
  return `${check} ${subject}`;
}

/** The subjects that an incident holds, in the order of their keys. */
export function membersOf({ subjects }: State, { id }: LiveIncident): SubjectState[] {
  return sorted(Object.values(subjects).filter(({ incident }) => incident === id));
}

export function sorted(subjects: readonly SubjectState[]): SubjectState[] {
  const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  return subjects.toSorted((a, b) => order(keyOf(a), keyOf(b)));
}

export function isBad(status: SubjectState['status']): status is 'warning' | 'critical' {
  return status === 'warning' || status === 'critical';
}

/** By its check's last word; of what could not be looked at since, or was skipped, by the last real one. */
export function hasRecovered({ gone, good }: SubjectState): boolean {
  return gone === true || good >= resolvesAfter;
}

/** Whether somebody would find it bad now: not on its way back, and not outside its hours. */
export function isStillBad({ state }: Draft, incident: LiveIncident): boolean {
  return (
    incident.check === 'manual' ||
    membersOf(state, incident).some(
      (member) =>
        isEvent(member) ||
        (!hasRecovered(member) && member.bad > 0 && (isBad(member.status) || member.status === 'unknown')),
    )
  );
}

/** Whether it tells of what happened, and so is quiet in the end rather than good. */
export function isEvent({
  check,
  subject,
}: {
  readonly check: CheckName;
  readonly subject: string;
}): boolean {
  return checkRules[check].kind === 'event' && subject !== checkItself;
}
