import { Command, Option } from 'commander';
import type { TimeRange } from '../../lib/archive/read/read-objects.ts';
import { instant } from '../../lib/base/text.ts';
import { type FollowUpFilter, followUpsOf } from '../../lib/incidents/records/followups.ts';
import { gate } from '../../lib/incidents/records/gate.ts';
import { readRecords } from '../../lib/incidents/records/records.ts';
import { recurrences } from '../../lib/incidents/records/recurrence.ts';
import { wholeNumber } from '../shared/arguments.ts';
import { exitCodes } from '../shared/errors.ts';
import { note, printTable, warn } from '../shared/output.ts';
import { addRangeOptions, type RangeOptions, rangeOf } from '../shared/time-range.ts';
import { addReadOptions, openIncidents, type ReadOptions, textArgument, warnUnreadable } from './target.ts';
import { plain, printFollowUps, printIncidents, printRecordJson, shortJsonOf } from './words.ts';

/** Looking at many incidents at once. */

interface OfOptions extends ReadOptions {
  readonly service?: string;
  readonly env?: string;
}

const weekMs = 7 * 24 * 60 * 60 * 1000;

function addOfOptions(command: Command): Command {
  return addReadOptions(command)
    .option('--service <name>', 'only of this service (default: of any)', textArgument('--service'))
    .option('--env <name>', 'only of this environment (default: of any)', textArgument('--env'));
}

interface GateOptions extends OfOptions {
  readonly strict?: true;
}

export function gateCommand(): Command {
  return addOfOptions(
    new Command('gate')
      .description('say whether anything speaks against a release')
      .option('--strict', 'fail (exit code 1) where something does'),
  )
    .addHelpText(
      'after',
      `
Open P0 and P1 incidents and overdue follow-ups speak against it, and with --strict also records that can't
be understood. Without --strict they are warnings.

Exit codes: 0 go ahead (perhaps warned), 1 with --strict: don't, 2 bad input.

Examples:
  cistern incident gate --service production --env production --strict && git push heroku main`,
    )
    .action(async (options: GateOptions) => {
      const { store } = await openIncidents(options);
      const now = Date.now();
      const all = await readRecords(store);
      warnUnreadable(all);
      const { open, overdue } = gate(all.records, filterOf(options), now);
      const damaged = all.unreadable.length;
      const passes = open.length === 0 && overdue.length === 0 && damaged === 0;
      if (options.json) {
        const shown = open.map((each) => shortJsonOf(each, now));
        printRecordJson({ passes, open: shown, overdue, unreadable: all.unreadable });
      } else {
        if (open.length > 0) printIncidents(open, now);
        if (overdue.length > 0) printFollowUps(overdue);
      }
      if (passes) return note(`nothing speaks against a release${describeFilter(options)}`);
      const against = `open P0 or P1: ${open.length}, overdue follow-ups: ${overdue.length}, unreadable records: ${damaged}`;
      warn(options.strict ? `don't release: ${against}` : `${against}; --strict would fail`);
      if (options.strict) process.exitCode = exitCodes.failed;
    });
}

/** A misspelt name matches nothing, and would let everything pass. */
function describeFilter({ service, env }: OfOptions): string {
  const of = [
    ...(service === undefined ? [] : [`service ${service}`]),
    ...(env === undefined ? [] : [`environment ${env}`]),
  ];
  return of.length === 0 ? '' : ` of ${of.join(' in ')}`;
}

function filterOf({ service, env }: OfOptions): Pick<FollowUpFilter, 'service' | 'environment'> {
  return {
    ...(service === undefined ? {} : { service }),
    ...(env === undefined ? {} : { environment: env }),
  };
}

interface WindowOptions extends RangeOptions {
  readonly windowDays?: string;
}

/** `--since` and `--until`, and `--window-days`, the former name of `--since <n>d`. */
function addWindowOptions(command: Command, what: string, defaultSince: string): Command {
  const days = wholeNumber('--window-days', 1, 3_650);
  return addRangeOptions(command, what, defaultSince).addOption(
    new Option('--window-days <n>')
      .argParser((text) => `${days(text)}d`)
      .hideHelp()
      .conflicts('since'),
  );
}

function windowOf({ windowDays, ...options }: WindowOptions, now: number, lengthMs: number): TimeRange {
  return rangeOf(windowDays === undefined ? options : { ...options, since: windowDays }, now, lengthMs);
}

interface FollowUpsOptions extends OfOptions, WindowOptions {
  readonly overdue?: true;
}

export function followupsCommand(): Command {
  const command = new Command('followups')
    .description('list follow-ups that are still to be done')
    .option('--overdue', 'only those that are overdue');
  return addOfOptions(addWindowOptions(command, 'of incidents opened', 'all that are kept'))
    .addHelpText(
      'after',
      `
Examples:
  cistern incident followups --overdue
  cistern incident followups --service production --env production --since 30d --json`,
    )
    .action(async (options: FollowUpsOptions) => {
      const { store } = await openIncidents(options);
      const now = Date.now();
      const range = windowOf(options, now, Number.POSITIVE_INFINITY);
      const all = await readRecords(store, range);
      warnUnreadable(all);
      const filter = { ...filterOf(options), done: false, overdue: options.overdue === true };
      const found = followUpsOf(all.records, filter, now);
      if (options.json) printRecordJson(found);
      else if (found.length === 0) note(`no follow-up is ${options.overdue ? 'overdue' : 'to be done'}`);
      else printFollowUps(found);
    });
}

interface RecurrenceOptions extends ReadOptions, WindowOptions {}

export function recurrenceCommand(): Command {
  const command = new Command('recurrence').description(
    'list what came again: the same check and subject, opened or reopened more than once',
  );
  return addReadOptions(addWindowOptions(command, '', '7d'))
    .addHelpText(
      'after',
      `
Examples:
  cistern incident recurrence --since 30d`,
    )
    .action(async (options: RecurrenceOptions) => {
      const { store } = await openIncidents(options);
      const now = Date.now();
      // One that was opened long ago may have been reopened lately.
      const all = await readRecords(store);
      warnUnreadable(all);
      const { since, until = now + 1 } = windowOf(options, now, weekMs);
      const found = recurrences(all.records, { from: since, to: until });
      if (options.json) printRecordJson(found);
      else if (found.length === 0) note(`nothing came again since ${instant(since)}`);
      else {
        printTable(
          ['CHECK', 'SUBJECT', 'TIMES', 'LAST', 'INCIDENTS'],
          found.map(({ check, subject, at, incidents }) => [
            check,
            plain(subject),
            String(at.length),
            instant(at.at(-1) ?? 0),
            incidents.join(' '),
          ]),
        );
      }
    });
}
