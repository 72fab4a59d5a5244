import { commandLine } from '../../base/command-line.ts';
import type { CheckName } from '../../findings/finding.ts';
import type { LiveIncident, SubjectState } from '../state.ts';
import { checkItself } from './members.ts';

/** The words of incidents and alerts. */

/** One line for all that an incident holds: what its check says of one subject, a count of several. */
export function titleOf(members: readonly SubjectState[]): string {
  const [only] = members;
  if (only !== undefined && members.length === 1) return only.summary;
  const checks = [...Map.groupBy(members, ({ check }) => check)];
  // What an incident with a canary is about first: the rest follows from it.
  checks.sort(([a], [b]) => Number(b === 'canary') - Number(a === 'canary'));
  return checks.map(([check, of]) => phrase(check, of)).join('; ');
}

const plurals: Readonly<Record<CheckName, string>> = {
  freshness: 'apps are silent',
  volume: 'apps log much less than usual',
  retention: 'stores are not set up as configured',
  drain: 'apps have drains that need mending',
  canary: 'canaries are lost',
  spool: 'things are wrong with the spool',
  loss: 'kinds of loss were counted',
  jobs: 'jobs are late',
  alerts: 'channels fail',
  records: 'records are unreadable',
};

function phrase(check: CheckName, members: readonly SubjectState[]): string {
  const [only] = members;
  if (only !== undefined && members.length === 1) return only.summary;
  return `${members.length} ${plurals[check]}: ${list(members.map(({ subject }) => subject))}`;
}

const shown = 20;

/** `a, b, c`, of many only the first ones. */
export function list(names: readonly string[]): string {
  const more = names.length - shown;
  return more > 1 ? `${names.slice(0, shown).join(', ')} and ${more} more` : names.join(', ');
}

/** What to do: each order once. */
export function remedyOf(members: readonly SubjectState[]): string {
  const remedies = [...new Set(members.map(({ remedy }) => remedy).filter((remedy) => remedy !== ''))];
  const [first = ''] = remedies;
  return remedies.length > 1 ? `${first} (and alike for the others)` : first;
}

/** The next command to run, ready to paste where `target` says what it is run on. */
export function commandFor(incident: LiveIncident, target?: string): string {
  const command = nextCommand(incident);
  const [, ours] = /^cistern (.+)$/.exec(command) ?? [];
  return target === undefined || ours === undefined ? command : commandLine(ours, target);
}

function nextCommand({ id, check, apps, subjects }: LiveIncident): string {
  const [app] = apps;
  const show = `cistern incident show ${id}`;
  if (subjects.includes(checkItself)) return 'cistern watch --once';
  switch (check) {
    case 'freshness':
    case 'volume':
      return app === undefined ? show : `cistern ls ${app} --since 1h`;
    case 'drain':
      return app === undefined ? show : `heroku drains -a ${app}`;
    case 'canary':
    case 'retention':
      return 'cistern watch --once';
    case 'spool':
      return 'cistern spool status';
    case 'jobs':
      return 'cistern job list';
    case 'alerts':
      return 'cistern alert test';
    case 'loss':
    case 'records':
    case 'manual':
      return show;
  }
}
