import { plainMarkdown } from '../../base/markdown.ts';
import { duration, instant } from '../../base/text.ts';
import type { ArchivedHour } from './archive-impact.ts';
import { hourMs } from './archive-impact.ts';
import { describeEvent } from './describe-event.ts';
import { durationsOf, endedAt } from './durations.ts';
import { type Incident, isOverdue, statusAt } from './record.ts';
import type { Window } from './recurrence.ts';

/** By app: what the archive holds of the incident's time. */
export type Impact = ReadonlyMap<string, readonly ArchivedHour[]>;

const aroundMs = 2 * hourMs;
const longestImpactMs = 7 * 24 * hourMs;

/** The hours that a postmortem looks at: from two before the trouble to two after it, seven days at most. */
export function impactWindow(incident: Incident, now: number): Window {
  const from = incident.since - aroundMs;
  const to = Math.min(now, (endedAt(incident) ?? now) + aroundMs, from + longestImpactMs);
  return { from, to: Math.max(from, to) };
}

/** A draft in Markdown: what Cistern knows, and headings for what only people know. */
export function postmortem(incident: Incident, impact: Impact, now: number): string {
  const sections = [
    [`# ${incident.id}: ${plainMarkdown(incident.title)}`],
    ['## Summary', summary(incident, now), '_What happened, and to whom, in two sentences._'],
    ['## Durations', durations(incident)],
    ['## Impact', impactOf(incident, impact)],
    ['## Timeline', incident.events.map(timelineEntry).join('\n')],
    ['## Causes', '_Why did it happen? Why was it not noticed or mended earlier?_'],
    ['## Follow-ups', followUps(incident, now)],
    ...(incident.artifacts.length === 0 ? [] : [['## Artifacts', artifacts(incident)]]),
  ];
  return `${sections.map((section) => section.join('\n\n')).join('\n\n')}\n`;
}

function summary(incident: Incident, now: number): string {
  const severity =
    incident.worst === incident.severity
      ? incident.severity
      : `${incident.severity}, at its worst ${incident.worst}`;
  return items([
    ['Status', statusAt(incident, now)],
    ['Severity', severity],
    ['Check', incident.check],
    ['About', incident.subjects.join(', ')],
    ['Apps', incident.apps.join(', ')],
    ['Service', `${incident.service} (${incident.environment})`],
    [
      'Evidence',
      Object.entries(incident.evidence)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    ],
  ]);
}

function durations(incident: Incident): string {
  const { toDetect, toAcknowledge, toResolve, lasted } = durationsOf(incident);
  const end = endedAt(incident);
  const time = (ms: number | undefined) => (ms === undefined ? 'not yet' : duration(ms));
  return items([
    ['Began', instant(incident.since)],
    ['Opened', `${instant(incident.openedAt)}, ${duration(toDetect)} after it began`],
    ['First acknowledged after', time(toAcknowledge)],
    ['Ended', end === undefined ? 'not yet' : instant(end)],
    ['Resolved after', time(toResolve)],
    ['Lasted', time(lasted)],
    ['Reopened', incident.reopenings.map(instant).join(', ')],
  ]);
}

function impactOf(incident: Incident, impact: Impact): string {
  if (impact.size === 0) return '_It is about no app that the archive could tell of._';
  return [...impact].map(([app, hours]) => appImpact(incident, app, hours)).join('\n\n');
}

function appImpact(incident: Incident, app: string, hours: readonly ArchivedHour[]): string {
  const end = endedAt(incident) ?? Number.POSITIVE_INFINITY;
  const during = hours.filter(({ at }) => at + hourMs > incident.since && at < end);
  const empty = during.filter(({ objects }) => objects === 0).length;
  const counted = hours.some((hour) => hour.counted !== undefined);
  const row = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |`;
  const number = (value: number | undefined) => (value === undefined ? '' : value.toLocaleString('en'));
  return [
    `**${plainMarkdown(app)}**: of ${during.length} h during the incident, ${empty} h with nothing stored.`,
    '',
    row(['Hour (UTC)', 'Objects', 'Bytes stored', ...(counted ? ['Messages', 'Declared lost'] : [])]),
    row(['---', '---:', '---:', ...(counted ? ['---:', '---:'] : [])]),
    ...hours.map((hour) =>
      row([
        `${instant(hour.at).slice(0, 16)}${during.includes(hour) ? ' *' : ''}`,
        number(hour.objects),
        number(hour.bytes),
        ...(counted ? [number(hour.counted?.messages), number(hour.counted?.lost)] : []),
      ]),
    ),
    '',
    '\\* during the incident',
  ].join('\n');
}

function timelineEntry(event: Incident['events'][number]): string {
  const words = describeEvent(event);
  const said = words === '' ? '' : `: ${plainMarkdown(words)}`;
  return `- ${instant(event.at)} **${event.verb}** by ${plainMarkdown(event.by)}${said}`;
}

function followUps({ followUps: all }: Incident, now: number): string {
  const open = all.filter(({ doneAt }) => doneAt === undefined);
  const done = all.length - open.length;
  const lines = open.map((followUp) => {
    const { id, text, owner, due } = followUp;
    const overdue = isOverdue(followUp, now) ? ', **overdue**' : '';
    return `- [ ] ${plainMarkdown(text)} (${plainMarkdown(owner)}, due ${due}${overdue}) \`${id}\``;
  });
  if (done > 0) lines.push(`- ${done} done`);
  return lines.length === 0 ? '_None yet: `cistern incident followup` adds one._' : lines.join('\n');
}

function artifacts(incident: Incident): string {
  return incident.artifacts
    .map(({ name, bytes }) => `- ${name} (${bytes.toLocaleString('en')} bytes)`)
    .join('\n');
}

/** A list of what is known: an empty value leaves its line out. */
function items(facts: readonly (readonly [label: string, value: string])[]): string {
  return facts
    .filter(([, value]) => value !== '')
    .map(([label, value]) => `- ${label}: ${plainMarkdown(value)}`)
    .join('\n');
}
