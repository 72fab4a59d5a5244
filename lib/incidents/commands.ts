import type { Severity } from '../findings/severity.ts';
import type { IncidentEvent, IncidentId } from './incident.ts';
import { type Draft, isOver, record, type Step, stepFrom } from './rules/draft.ts';
import { forgetRow } from './rules/end-incidents.ts';
import { isStillBad, membersOf } from './rules/members.ts';
import { activeMutes, coverable, covers, isMuted, recordMute, scopeOf } from './rules/mutes.ts';
import { newIncidentId } from './rules/new-id.ts';
import { announce } from './rules/open-incidents.ts';
import { cancel, tellAcknowledged, tellOver } from './rules/queue-alerts.ts';
import type { Rules } from './rules/rules.ts';
import { times } from './rules/thresholds.ts';
import type { LiveIncident, State } from './state.ts';

export { scopeOf } from './rules/mutes.ts';
export { settle } from './rules/settle.ts';

/** What people do to incidents by hand. Each gives the step that the caller stores; the watch sends it. */

/** It can't be done as things are; the message says why, and what to do instead. */
export class RefusedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RefusedError';
  }
}

export interface ByHand {
  readonly by: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Somebody is at it: no reminders for 24 hours, or until it gets worse. Throws {@link RefusedError}. */
export function acknowledge(state: State, id: IncidentId, { by, now }: ByHand, rules: Rules): Step {
  return stepFrom(state, now, rules, (draft) => {
    const incident = find(draft, id);
    if (isOver(incident)) throw new RefusedError(`${id} is over: there is nothing to acknowledge`);
    const until = draft.now + times.acknowledgement;
    incident.acknowledgedUntil = until;
    delete incident.waitingSince;
    const occasion = record(draft, incident, { verb: 'acknowledged', until }, by);
    tellAcknowledged(draft, incident, occasion);
  });
}

export interface MuteByHand extends ByHand {
  /** As {@link scopeOf} gives it. */
  readonly scope: string;
  /** When it ends by itself, milliseconds since 1970. */
  readonly until: number;
  readonly reason: string;
}

/** Nobody is told of what the scope covers until then. A mute of the same scope is replaced. */
export function mute(state: State, { scope, until, reason, by, now }: MuteByHand, rules: Rules): Step {
  return stepFrom(state, now, rules, (draft) => {
    if (until <= draft.now) throw new RefusedError('a mute has to end in the future');
    if (scopeOf(scope) !== scope) {
      throw new RefusedError(`there is nothing called "${scope}" to mute: name a check, an app, or all`);
    }
    const added = { scope, until, reason, by, at: draft.now };
    draft.state.mutes = [...draft.state.mutes.filter((each) => each.scope !== scope), added];
    for (const incident of Object.values(draft.state.incidents)) {
      if (isOver(incident) || !isMuted(draft, incident)) continue;
      if (!coverable(draft.state, incident).some((each) => covers(scope, each))) continue;
      recordMute(draft, incident, added);
      withhold(draft, incident);
    }
  });
}

/** What is unsent of it is told when the mute has ended, if it is bad then. */
function withhold(draft: Draft, incident: LiveIncident): void {
  const isUnsent = draft.state.unsent.some(
    ({ alert }) => alert.incident === incident.id && alert.kind === 'trigger',
  );
  if (!isUnsent) return;
  cancel(draft, incident);
  incident.owed = 'unmuted';
}

/** Ends a mute early. Throws {@link RefusedError} when there is none of this scope. */
export function unmute(state: State, scope: string, { by, now }: ByHand, rules: Rules): Step {
  return stepFrom(state, now, rules, (draft) => {
    const ended = activeMutes(draft).find((each) => each.scope === scope);
    if (ended === undefined) throw new RefusedError(`${scope} is not muted`);
    draft.state.mutes = draft.state.mutes.filter((each) => each.scope !== scope);
    for (const incident of Object.values(draft.state.incidents)) {
      if (isOver(incident) || !coverable(draft.state, incident).some((each) => covers(scope, each))) continue;
      record(draft, incident, { verb: 'noted', text: `${scope} is no longer muted` }, by);
    }
  });
}

export interface EndByHand extends ByHand {
  readonly reason: string;
}

/** It is over, somebody says. Throws {@link RefusedError} while its check still finds it bad. */
export function resolve(state: State, id: IncidentId, { by, reason, now }: EndByHand, rules: Rules): Step {
  return stepFrom(state, now, rules, (draft) => {
    const incident = find(draft, id);
    if (incident.mitigatedAt !== undefined) throw new RefusedError(`${id} is mitigated already: close it`);
    if (isOver(incident)) throw new RefusedError(`${id} is resolved already`);
    refuseWhileBad(draft, incident);
    const occasion = record(draft, incident, { verb: 'resolved', reason }, by);
    incident.resolvedAt = draft.now;
    tellOver(draft, incident, 'resolved', occasion);
    for (const member of membersOf(draft.state, incident)) forgetRow(member);
  });
}

/**
 * Nothing is left to be done about it: what happens next is another incident. Throws {@link RefusedError}
 * while it is open, unless a person opened it. One that is no longer in the state: {@link closedEvent}.
 */
export function close(state: State, id: IncidentId, { by, reason, now }: EndByHand, rules: Rules): Step {
  return stepFrom(state, now, rules, (draft) => {
    const incident = find(draft, id);
    if (incident.closedAt !== undefined) throw new RefusedError(`${id} is closed already`);
    const wasOver = isOver(incident);
    if (!wasOver && incident.check !== 'manual') {
      refuseWhileBad(draft, incident);
      throw new RefusedError(`${id} is still open: resolve it first`);
    }
    const occasion = record(draft, incident, { verb: 'closed', reason }, by);
    incident.closedAt = draft.now;
    if (!wasOver) tellOver(draft, incident, 'closed', occasion);
    // Let go of, its subjects can't continue it.
    for (const member of membersOf(draft.state, incident)) delete member.incident;
  });
}

/** Closes the record of an incident that the state holds no longer: for its timeline, and for nothing else. */
export function closedEvent(incident: IncidentId, { by, reason, now }: EndByHand): IncidentEvent {
  const name = incident.slice('inc_'.length).replaceAll('_', '-');
  return { id: `${name}-closed`, incident, at: now, by, verb: 'closed', reason };
}

export interface OpenedByHand extends ByHand {
  readonly title: string;
  readonly severity: Severity;
  readonly service: string;
  readonly environment: string;
  readonly apps: readonly string[];
  readonly remedy: string;
}

/** Opens an incident that no check knows of. Its id is in the step's first event. */
export function openByHand(state: State, opened: OpenedByHand, rules: Rules): Step {
  return stepFrom(state, opened.now, rules, (draft) => {
    const { title, severity, service, environment, remedy, by } = opened;
    const apps = [...new Set(opened.apps)];
    const { now } = draft;
    const about = { check: 'manual', subjects: apps } as const;
    const id = newIncidentId(draft.state, { stage: rules.stage, ...about, title, at: now });
    const told = { ...about, apps, severity, title, remedy, since: now, service, environment };
    const incident: LiveIncident = {
      id,
      ...told,
      openedAt: now,
      lastBadAt: now,
      events: 0,
      lastEventAt: now,
      channels: {},
    };
    draft.state.incidents[id] = incident;
    const occasion = record(draft, incident, { verb: 'opened', ...told, evidence: {} }, by);
    announce(draft, incident, 'opened', occasion);
  });
}

function find({ state }: Draft, id: IncidentId): LiveIncident {
  const incident = state.incidents[id];
  if (incident === undefined) {
    throw new RefusedError(`${id} is not open: cistern incident show ${id} says what became of it`);
  }
  return incident;
}

function refuseWhileBad(draft: Draft, incident: LiveIncident): void {
  if (incident.check === 'manual' || !isStillBad(draft, incident)) return;
  const { id, check, title, apps } = incident;
  // No wider than it has to be: a mute of the check is one for every app.
  const [app, ...others] = apps;
  const what = app === undefined || others.length > 0 ? check : `app:${app}`;
  throw new RefusedError(
    `${id} is still bad (${title}). To hear no more of it: cistern mute ${what} --for 2h --reason …`,
  );
}
