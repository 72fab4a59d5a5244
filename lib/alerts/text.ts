import { cut, duration, instant, oneLine } from '../base/text.ts';
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
