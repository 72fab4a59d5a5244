import { plainMarkdown } from '../base/markdown.ts';
import { duration, instant } from '../base/text.ts';
import type { Digest, DigestIncident, Spread } from './digest.ts';

/** The same as the digest's JSON, for people. */
export function digestMarkdown(digest: Digest): string {
  const { week, from, to, opened, resolved, stale, overdue } = digest;
  const sections = [
    [`# Incidents in ${week}`, `${instant(from)} to ${instant(to)}.`],
    ['## In numbers', numbers(digest)],
    ['## Opened', incidents(opened)],
    ['## Resolved', incidents(resolved)],
    ['## Again and again', recurring(digest)],
    ['## Open for more than seven days', incidents(stale)],
    [
      '## Overdue follow-ups',
      list(
        overdue.map(
          ({ text, owner, due, incident, id }) =>
            `${plainMarkdown(text)} (${plainMarkdown(owner)}, due ${due}), ${incident} \`${id}\``,
        ),
      ),
    ],
    ...(digest.unreadable.length === 0
      ? []
      : [['## Could not be understood', list(digest.unreadable.map((id) => `${id}, in part or whole`))]]),
  ];
  return `${sections.map((section) => section.join('\n\n')).join('\n\n')}\n`;
}

function numbers({ opened, openedBySeverity, resolved, toDetect, toResolve }: Digest): string {
  const bySeverity = Object.entries(openedBySeverity).map(([severity, count]) => `${severity} ${count}`);
  return list([
    `Opened: ${opened.length}${bySeverity.length === 0 ? '' : ` (${bySeverity.join(', ')})`}`,
    `Resolved: ${resolved.length}`,
    `Time to detect: ${spread(toDetect)}`,
    `Time to resolve: ${spread(toResolve)}`,
  ]);
}

function spread(of: Spread | null): string {
  return of === null ? 'none' : `median ${duration(of.median)}, longest ${duration(of.longest)}`;
}

function incidents(all: readonly DigestIncident[]): string {
  return list(
    all.map(({ id, severity, status, title, since, openedAt, endedAt }) => {
      const end = endedAt === null ? status : `${status} after ${duration(endedAt - since)}`;
      return `${severity} ${plainMarkdown(title)}: ${id}, opened ${instant(openedAt)}, ${end}`;
    }),
  );
}

function recurring({ recurrences }: Digest): string {
  return list(
    recurrences.map(
      ({ check, subject, at, incidents: ids }) =>
        `${check} ${plainMarkdown(subject)}: ${at.length} times, ${ids.join(', ')}`,
    ),
  );
}

function list(lines: readonly string[]): string {
  return lines.length === 0 ? 'None.' : lines.map((line) => `- ${line}`).join('\n');
}
