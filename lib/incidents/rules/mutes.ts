import { parseAppName } from '../../drains/app-name.ts';
import { type IncidentCheck, incidentChecks } from '../../findings/severity.ts';
import type { LiveIncident, Mute, State } from '../state.ts';
import type { Draft } from './draft.ts';
import { record } from './draft.ts';
import { hasRecovered, membersOf } from './members.ts';

/** What a mute may cover: a subject of a check, about an app or none. */
interface Muted {
  readonly check: IncidentCheck;
  readonly app?: string | undefined;
}

/**
 * The scope that a word means: `all`, a check, else an app. `check:` and `app:` in front decide where a name
 * is both. Undefined for what can be neither.
 */
export function scopeOf(word: string): string | undefined {
  if (word === 'all') return word;
  const [kind, name] = word.includes(':') ? word.split(':', 2) : [undefined, word];
  if (name === undefined) return undefined;
  const isCheck = incidentChecks.some((check) => check === name);
  if (isCheck && kind !== 'app') return kind === undefined || kind === 'check' ? `check:${name}` : undefined;
  return (kind === undefined || kind === 'app') && parseAppName(name) !== undefined
    ? `app:${name}`
    : undefined;
}

export function covers(scope: string, { check, app }: Muted): boolean {
  return scope === 'all' || scope === `check:${check}` || (app !== undefined && scope === `app:${app}`);
}

/** Mutes that hold now. */
export function activeMutes({ state, now }: Draft): Mute[] {
  return state.mutes.filter(({ until }) => until > now);
}

export function isSubjectMuted(draft: Draft, muted: Muted): boolean {
  return activeMutes(draft).some(({ scope }) => covers(scope, muted));
}

/** Muted only as a whole: an app that nobody muted is told of, whatever else is in its incident. */
export function isMuted(draft: Draft, incident: LiveIncident): boolean {
  return coverable(draft.state, incident).every((each) => isSubjectMuted(draft, each));
}

/** Says on the timeline of an incident that is muted by what. */
export function recordMutes(draft: Draft, incident: LiveIncident): void {
  for (const mute of activeMutes(draft)) {
    if (!coverable(draft.state, incident).some((each) => covers(mute.scope, each))) continue;
    recordMute(draft, incident, mute);
  }
}

export function recordMute(draft: Draft, incident: LiveIncident, { scope, until, reason, by }: Mute): void {
  record(draft, incident, { verb: 'muted', scope, until, reason }, by);
}

/** What has to be covered: what is still bad in it, else all that it held. */
export function coverable(state: State, incident: LiveIncident): readonly Muted[] {
  const { check, apps } = incident;
  const members = membersOf(state, incident);
  if (members.length === 0) return apps.length === 0 ? [{ check }] : apps.map((app) => ({ check, app }));
  const bad = members.filter((member) => !hasRecovered(member));
  return bad.length === 0 ? members : bad;
}
