import type { Alert } from '../incidents/alert.ts';

/** The first line of every channel: severity, what happened, and the title. */
export function headline(alert: Alert): string {
  const marker = alert.test === true ? '[TEST] ' : '';
  const occasion = occasionOf(alert);
  return `${marker}${alert.severity}${occasion === '' ? '' : ` ${occasion}`}: ${oneLine(alert.title)}`;
}

const occasions: ReadonlyMap<string, string> = new Map([
  ['escalated', 'worse now'],
  ['reopened', 'again'],
  ['reminder', 'still there'],
  ['unmuted', 'no longer muted'],
  ['fallback', 'another channel could not be reached'],
  ['unacknowledged', 'nobody has acknowledged'],
  ['mitigated', 'mitigated'],
  ['closed', 'closed'],
]);

function occasionOf({ kind, reason }: Alert): string {
  const usual = kind === 'trigger' ? '' : kind === 'acknowledge' ? 'acknowledged' : 'resolved';
  return occasions.get(reason) ?? usual;
}

/** What a person needs to know, in the order of their need. A label is there once. */
export function factsOf(alert: Alert): readonly (readonly [label: string, value: string])[] {
  const over = alert.kind === 'resolve';
  const facts: [string, string | undefined][] = [
    ['Since', instant(alert.since)],
    ['Lasted', alert.lastedMs === undefined ? undefined : duration(alert.lastedMs)],
    ['What to do', over ? undefined : alert.remedy],
    ['Next command', over ? undefined : alert.command],
    ['Last object', alert.lastObject],
    ['About', listed(alert.subjects)],
    ['Apps', listed(alert.apps)],
    ['Contact', alert.contact],
    ['Runbook', alert.runbookUrl],
    ['Check', alert.check],
    ['Stage', `${alert.stage} (${alert.environment})`],
    ['Incident', alert.incident],
  ];
  return facts.flatMap(([label, value]) =>
    value === undefined || value === '' ? [] : [[label, cut(oneLine(value), maxFact)] as const],
  );
}

const maxFact = 1_500;

/** How many names a list shows before it only counts. */
const shownNames = 20;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).map((name) => cut(oneLine(name), 60));
  const rest = names.length - shown.length;
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}

/** Control and format characters become spaces: a title may quote what an outsider chose. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim();
}

/** At most `max` UTF-16 units, with an ellipsis where something is left out; never half a character. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** `2026-01-31 09:15 UTC`. */
export function instant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** In the two largest units: `2 d 3 h`, `1 h 5 min`, `40 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const amounts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = amounts.findIndex(([amount]) => amount > 0);
  if (first === -1) return '0 s';
  return amounts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}
