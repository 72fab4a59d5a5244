import type { Alert, Unsent } from '../alert.ts';
import type { LiveIncident } from '../state.ts';
import { type Draft, overAt } from './draft.ts';
import { membersOf } from './members.ts';
import { isMuted } from './mutes.ts';
import { joined, type Routing } from './rules.ts';
import { commandFor } from './texts.ts';
import { pages } from './thresholds.ts';

/** Who hears of an incident as it is now. */
export function routingOf({ state, rules }: Draft, incident: LiveIncident): Routing {
  const { severity, check, environment, apps } = incident;
  const about = { severity, check, environment };
  const routings = [rules.route({ ...about, apps })];
  // A canary, or a bucket, beside apps: whoever hears of those without an app hears of it too.
  if (apps.length > 0 && membersOf(state, incident).some(({ app }) => app === undefined)) {
    routings.push(rules.route({ ...about, apps: [] }));
  }
  return joined(routings);
}

/**
 * Tells its route's channels that an incident is there, and those that know of it already when it has turned
 * worse. Muted, or without a channel, it stays owed.
 */
export function tell(draft: Draft, incident: LiveIncident, reason: string, occasion: string): void {
  const { channels } = routingOf(draft, incident);
  const known = reason === 'escalated' ? knowing(incident, ['queued', 'maybe', 'told']) : [];
  const muted = isMuted(draft, incident);
  if (muted || channels.length === 0) {
    incident.owed = muted ? 'unmuted' : 'opened';
    return;
  }
  trigger(draft, incident, reason, occasion, [...new Set([...channels, ...known])]);
  incident.toldAt = draft.now;
  delete incident.owed;
  if (pages(incident) && incident.acknowledgedUntil === undefined) incident.waitingSince ??= draft.now;
}

/** Queues a trigger for each of these channels. */
export function trigger(
  draft: Draft,
  incident: LiveIncident,
  reason: string,
  occasion: string,
  channels: readonly string[],
): void {
  for (const channel of channels) {
    queue(draft, incident, channel, 'trigger', reason, occasion);
    const knows = incident.channels[channel];
    // What it accepted before is not forgotten: a resolve that it has still to hear again, for one.
    if (knows === undefined || knows === 'repeated') incident.channels[channel] = 'queued';
  }
}

/** Tells that it is over, wherever anybody may have heard of it. What was not told yet never will be. */
export function tellOver(draft: Draft, incident: LiveIncident, reason: string, occasion: string): void {
  cancel(draft, incident, ['trigger', 'acknowledge', 'resolve']);
  for (const channel of knowing(incident, ['told', 'maybe'])) {
    queue(draft, incident, channel, 'resolve', reason, occasion);
  }
  delete incident.owed;
  delete incident.waitingSince;
  delete incident.acknowledgedUntil;
}

/** The resolve once more, to channels that have accepted it: one may have been dropped after all. */
export function repeatResolve(draft: Draft, incident: LiveIncident): void {
  for (const channel of knowing(incident, ['resolved'])) {
    queue(draft, incident, channel, 'resolve', 'repeated', `${incident.events}-repeated`);
    incident.channels[channel] = 'repeated';
  }
}

/** Also where the trigger is still on its way: else the page would arrive as one that nobody is at. */
export function tellAcknowledged(draft: Draft, incident: LiveIncident, occasion: string): void {
  for (const channel of hearing(draft, incident)) {
    queue(draft, incident, channel, 'acknowledge', 'acknowledged', occasion);
  }
}

/** Takes back what is unsent of an incident, and remembers where a trigger may have arrived all the same. */
export function cancel(
  { state }: Draft,
  incident: LiveIncident,
  kinds: readonly Alert['kind'][] = ['trigger'],
): void {
  const cancelled = state.unsent.filter(
    ({ alert }) => alert.incident === incident.id && kinds.includes(alert.kind),
  );
  if (cancelled.length === 0) return;
  state.unsent = state.unsent.filter((each) => !cancelled.includes(each));
  for (const { channel, alert, mayHaveArrived, attempting } of cancelled) {
    if (alert.kind !== 'trigger' || incident.channels[channel] === 'told') continue;
    if (mayHaveArrived || attempting === true) incident.channels[channel] = 'maybe';
    else if (incident.channels[channel] === 'queued') delete incident.channels[channel];
  }
  // An acknowledgement follows a page, and is nothing to whom none comes any more.
  const heard = hearing({ state }, incident);
  state.unsent = state.unsent.filter(
    ({ channel, alert }) =>
      alert.incident !== incident.id || alert.kind !== 'acknowledge' || heard.has(channel),
  );
}

/** The channels that have its page, or will. */
function hearing({ state }: Pick<Draft, 'state'>, incident: LiveIncident): Set<string> {
  const awaited = state.unsent.filter(
    ({ alert }) => alert.incident === incident.id && alert.kind === 'trigger',
  );
  return new Set([...knowing(incident, ['told', 'maybe']), ...awaited.map(({ channel }) => channel)]);
}

/** The channels in one of these states. */
function knowing(incident: LiveIncident, what: readonly LiveIncident['channels'][string][]): string[] {
  return Object.keys(incident.channels).filter((channel) => {
    const knows = incident.channels[channel];
    return knows !== undefined && what.includes(knows);
  });
}

function queue(
  draft: Draft,
  incident: LiveIncident,
  channel: string,
  kind: Alert['kind'],
  reason: string,
  occasion: string,
): void {
  const { state, now } = draft;
  const id = `${incident.id}/${occasion}/${channel}`;
  if (state.unsent.some((each) => each.id === id)) return;
  const alert = alertOf(draft, incident, kind, reason);
  const unsent: Unsent = { id, channel, alert, queuedAt: now, attempts: 0, mayHaveArrived: false };
  state.unsent.push(unsent);
}

function alertOf(
  { state, rules, now }: Draft,
  incident: LiveIncident,
  kind: Alert['kind'],
  reason: string,
): Alert {
  const { id, severity, check, subjects, apps, environment, title, remedy, since, lastObject } = incident;
  const contacts = new Set(apps.flatMap((app) => rules.contactOf(app) ?? []));
  const { runbookBase, stage } = rules;
  return {
    kind,
    reason,
    incident: id,
    severity,
    check,
    subjects,
    apps,
    stage,
    environment,
    title,
    remedy,
    since,
    at: now,
    ...(lastObject === undefined ? {} : { lastObject }),
    command: commandFor(incident, rules.target),
    ...(contacts.size === 0 ? {} : { contact: [...contacts].join(', ') }),
    ...(runbookBase === undefined || check === 'manual' ? {} : { runbookUrl: `${runbookBase}${check}.md` }),
    ...(kind === 'resolve' ? { lastedMs: Math.max(0, endOf(state, incident, now) - since) } : {}),
  };
}

/** When the trouble itself ended: the first good finding, the last of a series of events, else now. */
function endOf(state: Draft['state'], incident: LiveIncident, now: number): number {
  if (incident.mitigatedAt !== undefined) return incident.lastBadAt;
  const recoveries = membersOf(state, incident).map(({ firstGoodAt }) => firstGoodAt);
  const known = recoveries.filter((at) => at !== undefined);
  return known.length > 0 && known.length === recoveries.length
    ? Math.max(...known)
    : (overAt(incident) ?? now);
}
