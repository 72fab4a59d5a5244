import type { LiveIncident, SubjectState } from '../state.ts';
import { type Draft, isOver, overAt, record } from './draft.ts';
import { hasRecovered, isEvent, membersOf } from './members.ts';
import { tellOver } from './queue-alerts.ts';
import type { Looked } from './subjects.ts';
import { checkRules, times } from './thresholds.ts';

/** Ends every incident whose subjects have all recovered, or have been quiet for long enough. */
export function end(draft: Draft, looked: Looked): void {
  for (const incident of Object.values(draft.state.incidents)) {
    if (isOver(incident) || incident.check === 'manual') continue;
    const members = membersOf(draft.state, incident);
    if (members.some(isEvent)) mitigateIfQuiet(draft, incident, members, looked);
    else if (members.every(hasRecovered)) resolveRecovered(draft, incident, members);
  }
}

function resolveRecovered(draft: Draft, incident: LiveIncident, members: readonly SubjectState[]): void {
  const gone = members.every((member) => member.gone === true);
  const occasion = record(draft, incident, {
    verb: 'resolved',
    reason: gone ? 'no longer watched' : 'recovered',
  });
  incident.resolvedAt = draft.now;
  if (gone) incident.title = `${incident.title} (no longer watched)`;
  tellOver(draft, incident, 'resolved', occasion);
}

/** Only a look that found nothing proves that it is quiet. */
function mitigateIfQuiet(
  draft: Draft,
  incident: LiveIncident,
  members: readonly SubjectState[],
  { checks }: Looked,
): void {
  const { now } = draft;
  const couldLook = members.every(({ check, status }) => checks.has(check) && status !== 'unknown');
  if (!couldLook || now - incident.lastBadAt < times.quiet) return;
  const reason = `quiet for ${times.quiet / 60_000} min`;
  const occasion = record(draft, incident, { verb: 'mitigated', reason });
  incident.mitigatedAt = now;
  tellOver(draft, incident, 'mitigated', occasion);
}

/** Counts anew. */
export function forgetRow(member: SubjectState): void {
  member.bad = 0;
  member.good = 0;
  delete member.firstBadAt;
  delete member.firstGoodAt;
  delete member.since;
}

/** Drops what nobody can need any more, so that the state never grows without bound. */
export function prune({ state, now }: Draft): void {
  state.mutes = state.mutes.filter(({ until }) => until > now);
  for (const [key, subject] of Object.entries(state.subjects)) {
    const held = subject.incident === undefined ? undefined : state.incidents[subject.incident];
    if (held === undefined || !mayContinue(held, subject, now)) delete subject.incident;
    if (subject.incident === undefined && isForgettable(subject, now)) delete state.subjects[key];
  }
  const needed = new Set([
    ...Object.values(state.subjects).map(({ incident }) => incident),
    ...state.unsent.map(({ alert }) => alert.incident),
  ]);
  for (const incident of Object.values(state.incidents)) {
    const isDone = Object.values(incident.channels).every((knows) => knows === 'repeated');
    if (isOver(incident) && isDone && !needed.has(incident.id)) delete state.incidents[incident.id];
  }
}

function mayContinue(incident: LiveIncident, { bad, firstBadAt }: SubjectState, now: number): boolean {
  const endedAt = overAt(incident);
  if (endedAt === undefined) return true;
  // A row that began in time may still become long enough.
  return (bad > 0 ? (firstBadAt ?? now) : now) - endedAt <= times.continues;
}

function isForgettable({ check, subject, gone, status, lastSeenAt }: SubjectState, now: number): boolean {
  if (gone === true) return true;
  if (subject === '*') return status === 'ok';
  return checkRules[check].kind === 'event' && now - lastSeenAt > times.forgets;
}
