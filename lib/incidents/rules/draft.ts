import type { Unsent } from '../alert.ts';
import type { IncidentEvent } from '../incident.ts';
import type { LiveIncident, State } from '../state.ts';
import type { Rules } from './rules.ts';

/** What one run or one command makes of a state. */
export interface Step {
  readonly state: State;
  /** Those that this step added; they are in the state's `unrecorded` too. */
  readonly events: readonly IncidentEvent[];
  /** Those that this step queued; they are in the state's `unsent` too. */
  readonly sends: readonly Unsent[];
}

/** A state in the making: a copy, which the functions of this folder change step by step. */
export interface Draft {
  readonly state: State;
  readonly now: number;
  readonly rules: Rules;
}

/**
 * Makes a step by changing a copy of `state`. Time never runs backwards in it: a watcher whose clock is behind
 * takes the last run's time.
 */
export function stepFrom(state: State, now: number, rules: Rules, change: (draft: Draft) => void): Step {
  const draft: Draft = { state: structuredClone(state), now: Math.max(now, state.ranAt ?? 0), rules };
  change(draft);
  const before = new Set(state.unsent.map(({ id }) => id));
  return {
    state: draft.state,
    events: draft.state.unrecorded.slice(state.unrecorded.length),
    sends: draft.state.unsent.filter(({ id }) => !before.has(id)),
  };
}

type Common = 'id' | 'incident' | 'at' | 'by';
type Without<E> = E extends IncidentEvent ? Omit<E, Common> : never;
/** An event as its verb and what belongs to it. */
export type Happening = Without<IncidentEvent>;

/** Adds an event to an incident and returns its occasion: a name for it that is unique within the incident. */
export function record(
  { state, now }: Draft,
  incident: LiveIncident,
  happening: Happening,
  by = 'watch',
): string {
  incident.events += 1;
  // An operator's clock may have been ahead of ours: a timeline is read in order of time.
  incident.lastEventAt = Math.max(now, incident.lastEventAt);
  const occasion = `${String(incident.events).padStart(5, '0')}-${happening.verb}`;
  state.unrecorded.push({
    ...happening,
    id: `${incident.id.slice('inc_'.length).replaceAll('_', '-')}-${occasion}`,
    incident: incident.id,
    at: incident.lastEventAt,
    by,
  });
  return occasion;
}

/** Nobody has to do anything about it now; it may still have something to tell, or continue. */
export function isOver({ resolvedAt, mitigatedAt, closedAt }: LiveIncident): boolean {
  return overAt({ resolvedAt, mitigatedAt, closedAt }) !== undefined;
}

/** When it ended, in milliseconds since 1970; undefined while it is open. */
export function overAt({
  resolvedAt,
  mitigatedAt,
  closedAt,
}: {
  readonly resolvedAt?: number | undefined;
  readonly mitigatedAt?: number | undefined;
  readonly closedAt?: number | undefined;
}): number | undefined {
  return resolvedAt ?? mitigatedAt ?? closedAt;
}
