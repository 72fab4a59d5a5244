import { withIsoTimes } from '../../lib/base/iso-times.ts';
import { duration, instant } from '../../lib/base/text.ts';
import { describeEvent } from '../../lib/incidents/records/describe-event.ts';
import { durationsOf, endedAt } from '../../lib/incidents/records/durations.ts';
import type { FollowUpOf } from '../../lib/incidents/records/followups.ts';
import { type Incident, isOverdue, statusAt } from '../../lib/incidents/records/record.ts';
import { bold, dim, print, printJson, printTable } from '../shared/output.ts';
import { visible } from '../shared/visible.ts';

/** How records look on a terminal, and as JSON. */

export function plain(text: string): string {
  return visible(Buffer.from(text), ' ');
}

/** Times as RFC 3339. */
export function printRecordJson(value: unknown): void {
  printJson(withIsoTimes(value));
}

/** A record as JSON: the status as it is now, and the durations that follow from its times. */
export function jsonOf(incident: Incident, now: number): object {
  return { ...incident, status: statusAt(incident, now), durations: durationsOf(incident) };
}

/** One without its timeline: for lists. */
export function shortJsonOf(incident: Incident, now: number): object {
  const { events: _, ...rest } = jsonOf(incident, now) as Incident;
  return rest;
}

export function printIncidents(incidents: readonly Incident[], now: number): void {
  printTable(
    ['INCIDENT', 'SEVERITY', 'STATUS', 'OPENED', 'LASTED', 'WHAT'],
    incidents.map((incident) => [
      incident.id,
      incident.severity,
      statusAt(incident, now),
      instant(incident.openedAt),
      duration((endedAt(incident) ?? now) - incident.since),
      plain(incident.title),
    ]),
  );
}

export function printIncident(incident: Incident, now: number): void {
  const { id, title, severity, worst, check, subjects, apps, service, environment } = incident;
  print(bold(`${id}  ${plain(title)}`));
  const end = endedAt(incident);
  const atWorst = worst === severity ? '' : ` (at its worst ${worst})`;
  const until = end === undefined ? '' : ` to ${instant(end)}`;
  const facts: [string, string][] = [
    ['Status', statusAt(incident, now)],
    ['Severity', `${severity}${atWorst}`],
    ['Since', `${instant(incident.since)}${until} (${duration((end ?? now) - incident.since)})`],
    ['Check', check],
    ['About', subjects.join(', ')],
    ['Apps', apps.join(', ')],
    ['Service', `${service} (${environment})`],
    [
      'Evidence',
      Object.entries(incident.evidence)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
    ['What to do', end === undefined ? incident.remedy : ''],
  ];
  for (const [label, value] of facts) if (value !== '') print(`${dim(label.padEnd(10))}  ${plain(value)}`);
  print(`\n${bold('Timeline')}`);
  for (const event of incident.events) {
    print(`${instant(event.at)}  ${event.verb.padEnd(17)}  ${plain(`${event.by}: ${describeEvent(event)}`)}`);
  }
  printOpenFollowUps(incident, now);
}

function printOpenFollowUps(incident: Incident, now: number): void {
  const open = incident.followUps.filter(({ doneAt }) => doneAt === undefined);
  if (open.length === 0) return;
  print(`\n${bold('Follow-ups')}`);
  for (const followUp of open) {
    const overdue = isOverdue(followUp, now) ? ', overdue' : '';
    print(
      `${followUp.id}  ${plain(followUp.text)} (${plain(followUp.owner)}, due ${followUp.due}${overdue})`,
    );
  }
}

export function printFollowUps(followUps: readonly FollowUpOf[]): void {
  printTable(
    ['DUE', 'STATE', 'OWNER', 'FOLLOW-UP', 'INCIDENT', 'WHAT'],
    followUps.map(({ due, doneAt, overdue, owner, id, incident, text }) => [
      due,
      doneAt !== undefined ? 'done' : overdue ? 'overdue' : 'open',
      plain(owner),
      id,
      incident,
      plain(text),
    ]),
  );
}
