import type { LiveIncident, SubjectState } from '../state.ts';
import { type Draft, isOver, overAt, record } from './draft.ts';
import { hasRecovered, isStillBad, membersOf } from './members.ts';
import { isMuted, isSubjectMuted } from './mutes.ts';
import { cancel, repeatResolve, routingOf, tell, trigger } from './queue-alerts.ts';
import { list } from './texts.ts';
import { isWorse, pages, times } from './thresholds.ts';

/** What becomes due by waiting alone: owed pages, reminders, escalations, fallbacks, repeated resolves. */
export function queueDueAlerts(draft: Draft): void {
  for (const incident of Object.values(draft.state.incidents)) {
    endAcknowledgement(draft, incident);
    if (!isOver(incident)) tellOfOpen(draft, incident);
    else if (draft.now - (overAt(incident) ?? draft.now) >= times.repeat) repeatResolve(draft, incident);
  }
  fallBack(draft);
  giveUp(draft);
}

/** Forgets channels that the configuration has no more, and what was to be told there. */
export function dropRemovedChannels({ state, rules }: Draft): void {
  const isThere = (channel: string) => rules.channels.includes(channel);
  state.unsent = state.unsent.filter(({ channel }) => isThere(channel));
  for (const incident of Object.values(state.incidents)) {
    const known = Object.keys(incident.channels);
    for (const channel of known) if (!isThere(channel)) delete incident.channels[channel];
    const isUntold = known.length > 0 && Object.keys(incident.channels).length === 0;
    if (isUntold && !isOver(incident)) incident.owed ??= 'opened';
  }
}

/** What stood before a run that died, or still goes on: nobody knows what became of those attempts. */
export function doubtAttempts({ state }: Draft): void {
  for (const unsent of state.unsent) {
    if (unsent.attempting === undefined) continue;
    delete unsent.attempting;
    unsent.mayHaveArrived = true;
  }
}

/** This run attempts all that is unsent, once this is stored. */
export function announceAttempts({ state }: Draft): void {
  for (const unsent of state.unsent) unsent.attempting = true;
}

function endAcknowledgement(draft: Draft, incident: LiveIncident): void {
  const { now } = draft;
  if (incident.acknowledgedUntil === undefined) return;
  // Somebody's clock may be far ahead of ours.
  incident.acknowledgedUntil = Math.min(incident.acknowledgedUntil, now + times.acknowledgement);
  if (incident.acknowledgedUntil > now) return;
  delete incident.acknowledgedUntil;
  cancel(draft, incident, ['acknowledge']);
  if (pages(incident)) incident.waitingSince = now;
}

function tellOfOpen(draft: Draft, incident: LiveIncident): void {
  const { now } = draft;
  if (isQuietTime(draft, incident)) {
    // Nobody is expected to act, so the time does not count.
    if (incident.waitingSince !== undefined) incident.waitingSince = now;
    return;
  }
  if (!isStillBad(draft, incident)) return;
  if (incident.owed !== undefined) tell(draft, incident, incident.owed, `${now}-${incident.owed}`);
  if (!pages(incident) || incident.acknowledgedUntil !== undefined) return;
  if (now - (incident.toldAt ?? now) >= times.reminder) remind(draft, incident);
  if (now - (incident.waitingSince ?? now) >= times.unacknowledged) escalateToOthers(draft, incident);
}

/** All that is bad in it is muted, or outside its hours. */
function isQuietTime(draft: Draft, incident: LiveIncident): boolean {
  const members = membersOf(draft.state, incident).filter((member) => !hasRecovered(member));
  const isQuiet = (member: SubjectState) => member.status === 'skipped' || isSubjectMuted(draft, member);
  return isMuted(draft, incident) || (members.length > 0 && members.every(isQuiet));
}

/** Not where an earlier trigger is still on its way. */
function remind(draft: Draft, incident: LiveIncident): void {
  const waiting = new Set(
    draft.state.unsent.filter(({ alert }) => alert.incident === incident.id).map(({ channel }) => channel),
  );
  const channels = routingOf(draft, incident).channels.filter((channel) => !waiting.has(channel));
  trigger(draft, incident, 'reminder', `${draft.now}-reminder`, channels);
  incident.toldAt = draft.now;
}

/** Of a P0 or P1 only, and once, until it is resolved. */
function escalateToOthers(draft: Draft, incident: LiveIncident): void {
  const { escalate } = routingOf(draft, incident);
  if (isWorse('P1', incident.severity)) return;
  if (incident.escalatedAt !== undefined || escalate.length === 0) return;
  incident.escalatedAt = draft.now;
  const text = `nobody has acknowledged it for ${times.unacknowledged / 60_000} min: ${list(escalate)} told too`;
  const occasion = record(draft, incident, { verb: 'noted', text });
  trigger(draft, incident, 'unacknowledged', occasion, escalate);
}

/** Hands each trigger that its channel has not accepted for too long to the fallback as well, once. */
function fallBack(draft: Draft): void {
  const { state, now } = draft;
  for (const unsent of [...state.unsent]) {
    const { alert, channel, queuedAt, fellBack } = unsent;
    const incident = state.incidents[alert.incident];
    if (alert.kind !== 'trigger' || alert.reason === 'fallback' || fellBack === true) continue;
    if (incident === undefined || isOver(incident) || now - queuedAt < times.fallback) continue;
    if (incident.acknowledgedUntil !== undefined || isQuietTime(draft, incident)) continue;
    const { channels, fallback } = routingOf(draft, incident);
    const others = fallback.filter((other) => other !== channel && !channels.includes(other));
    if (others.length === 0) continue;
    unsent.fellBack = true;
    trigger(draft, incident, 'fallback', `${unsent.id.split('/')[1]}-fallback`, others);
  }
}

/** A resolve, or an acknowledgement, that no longer means anything to anybody. */
function giveUp(draft: Draft): void {
  const { state, now } = draft;
  for (const { id, alert, channel, queuedAt } of [...state.unsent]) {
    if (alert.kind === 'trigger' || now - queuedAt < times.givesUp) continue;
    state.unsent = state.unsent.filter((each) => each.id !== id);
    const incident = state.incidents[alert.incident];
    if (incident === undefined) continue;
    delete incident.channels[channel];
    record(draft, incident, { verb: 'noted', text: `${channel} could not be told for a week: given up` });
  }
}
