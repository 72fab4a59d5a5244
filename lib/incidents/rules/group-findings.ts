import type { SubjectState } from '../state.ts';
import type { Draft } from './draft.ts';
import { isOver } from './draft.ts';
import { checkItself, keyOf, sorted } from './members.ts';
import { isSubjectMuted } from './mutes.ts';
import { groupsFrom } from './thresholds.ts';

/** Subjects that make one incident together, or that belong into one that is open. */
export interface Group {
  readonly members: readonly SubjectState[];
  readonly into?: string;
}

/**
 * Who opens together of the subjects that are due: silent apps with a canary that is critical, three or more
 * of one check, else each on its own. What is muted is never in one incident with what is not, or a mute would
 * hide too much or too little.
 */
export function groupsOf(draft: Draft, due: readonly SubjectState[]): Group[] {
  const parts = Map.groupBy(sorted(due), (subject) => isSubjectMuted(draft, subject));
  return [...parts].flatMap(([muted, part]) => {
    const withCanary = canaryGroup(draft, part, muted);
    const rest = part.filter((subject) => withCanary?.members.includes(subject) !== true);
    return [...(withCanary === undefined ? [] : [withCanary]), ...groupsByCheck(rest)];
  });
}

/** All silence while the canary is lost has one cause: the way into the archive. */
function canaryGroup(draft: Draft, due: readonly SubjectState[], muted: boolean): Group | undefined {
  const silent = due.filter(isSilent);
  const canaries = lostCanaries(draft).filter((each) => isSubjectMuted(draft, each) === muted);
  if (silent.length === 0 || canaries.length === 0) return undefined;
  const members = [...canaries.filter((canary) => due.includes(canary)), ...silent];
  const into = canaries.find((canary) => isHeld(draft, canary))?.incident;
  return into === undefined ? { members } : { members, into };
}

/** Canaries that are critical once, and in no open incident: silence that turns bad now confirms them. */
export function confirmedCanaries(draft: Draft, due: readonly SubjectState[]): SubjectState[] {
  const silent = due.filter(isSilent);
  return lostCanaries(draft).filter(
    (canary) =>
      !isHeld(draft, canary) &&
      !due.includes(canary) &&
      silent.some((each) => isSubjectMuted(draft, each) === isSubjectMuted(draft, canary)),
  );
}

/** Whether an open incident holds it. */
export function isHeld({ state }: Draft, { incident: id }: SubjectState): boolean {
  const incident = id === undefined ? undefined : state.incidents[id];
  return incident !== undefined && !isOver(incident);
}

function isSilent({ check, subject, status }: SubjectState): boolean {
  return check === 'freshness' && status === 'critical' && subject !== checkItself;
}

function lostCanaries({ state }: Draft): SubjectState[] {
  return sorted(Object.values(state.subjects)).filter(
    ({ check, subject, status, gone }) =>
      check === 'canary' && status === 'critical' && gone !== true && subject !== checkItself,
  );
}

function groupsByCheck(due: readonly SubjectState[]): Group[] {
  const [own, others] = [
    due.filter(({ subject }) => subject === checkItself),
    due.filter(({ subject }) => subject !== checkItself),
  ];
  const groups = [...Map.groupBy(others, ({ check }) => check).values()].flatMap((members) =>
    members.length >= groupsFrom ? [{ members }] : members.map((member) => ({ members: [member] })),
  );
  return [...groups, ...own.map((member) => ({ members: [member] }))].sort((a, b) =>
    nameOf(a) < nameOf(b) ? -1 : 1,
  );
}

function nameOf({ members: [first] }: Group): string {
  return first === undefined ? '' : keyOf(first);
}
