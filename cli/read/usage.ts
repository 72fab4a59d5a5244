import { Command } from 'commander';
import { type ReadObject, readObjects, type TimeRange } from '../../lib/archive/read/read-objects.ts';
import type { Lifetimes } from '../../lib/cost/archive-cost.ts';
import { priceList } from '../../lib/cost/prices.ts';
import { addObject, archiveCost, noUsage, projectMonth, type Usage } from '../../lib/cost/usage.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { dollars, printAligned, quantity, savesOrCosts, unitPrice, whole } from '../cost/cost-table.ts';
import { bold, formatBytes, note, print, printJson } from '../shared/output.ts';
import { addRetentionOptions, lifetimesOf, type RetentionOptions } from '../shared/retention-options.ts';
import { addArchiveOptions, type Target } from '../shared/target.ts';
import { addConfigOption, type ConfigOptions, configOf } from '../shared/target-config.ts';
import { addRangeOptions, type RangeOptions, rangeHelp } from '../shared/time-range.ts';
import { readApp } from './read-app.ts';
import { firstKey, iso, storedAppArgument } from './reading.ts';

interface Options extends ConfigOptions, RangeOptions, RetentionOptions {
  readonly json?: true;
}

export function usageCommand(): Command {
  const command = new Command('usage').argument('<app>', 'Heroku app', storedAppArgument);
  addRangeOptions(command);
  addRetentionOptions(command, ['as configured', 'as configured']);
  addConfigOption(addArchiveOptions(command.option('--json', 'everything, as one JSON object')));
  return command.addHelpText('after', help).action(usage);
}

const help = `${rangeHelp}

An object counts when its key's time is in the range, whole: ranges that meet count each object once. Only the
batch headers are read, nothing is inflated; but every object of the range is fetched: on S3, mind its size. The
month is 30 days at the rate of the range, or of what is stored of it, an hour at least: take whole weeks. The cost
is that of the archive alone, its PUTs and its storage for the whole life of an object (twice the retention), by
AWS's list prices (${priceList.region}, ${priceList.asOf}); \`cistern cost\` says what a whole stage costs.

What still waits in the spool is not counted: of a data directory, a line on stderr says how much that is.

Exit codes: 0 all counted (or nothing there), 1 parts damaged or unreadable, or no such app, 2 bad input.

Examples:
  cistern usage my-app --since 7d
  cistern usage my-app --since 2026-11-01 --until 2026-11-08 --stage production
  cistern usage my-app --since 7d --infrequent-access-days never --json`;

async function usage(app: AppName, options: Options): Promise<void> {
  const now = Date.now();
  await readApp(app, options, async ({ target, archive, range, problems }) => {
    const lifetimes = await configuredLifetimes(target, options);
    let found = noUsage;
    let met = false;
    for await (const item of readObjects(archive, app, range)) {
      if (item.kind === 'problem') {
        met = true;
        problems.add(item);
      } else if (isIn(item, range)) found = addObject(found, item);
    }
    if (found.objects > 0) {
      const oldest = (await firstKey(archive, app)) ?? range.since;
      const span = spanOf(range, oldest, now);
      const month = projectMonth(found, span.to - span.from);
      if (options.json === true) printJson(jsonOf(app, span, found, month, lifetimes));
      else printUsage(`${app} in ${target.describe}`, span, found, month, lifetimes);
      if (span.from > range.since)
        note(`what is stored begins at ${iso(span.from)}: the month is projected from there`);
    }
    return found.objects > 0 || met;
  });
}

function isIn({ epochMs }: ReadObject, { since, until = Number.POSITIVE_INFINITY }: TimeRange): boolean {
  return epochMs >= since && epochMs < until;
}

/** What the flags leave open is as the target is configured. */
async function configuredLifetimes(target: Target, options: Options): Promise<Lifetimes> {
  const { retentionDays, infrequentAccessDays } = options;
  if (retentionDays !== undefined && infrequentAccessDays !== undefined) {
    return lifetimesOf(options, { retentionDays, infrequentAccessDays });
  }
  return lifetimesOf(options, await configOf(target, options));
}

interface Span {
  readonly from: number;
  readonly to: number;
}

const leastSpanMs = 60 * 60 * 1000;

/** The part of the range that something could have been stored in: before the oldest object nothing was. */
function spanOf({ since, until }: TimeRange, oldest: number, now: number): Span {
  const from = Math.max(since, oldest);
  return { from, to: Math.max(from + leastSpanMs, Math.min(until ?? now, now)) };
}

function printUsage(
  what: string,
  { from, to }: Span,
  found: Usage,
  month: Usage,
  lifetimes: Lifetimes,
): void {
  const { retentionDays, infrequentAccessDays } = lifetimes;
  const { lines, total } = archiveCost(month, lifetimes);
  print(bold(`${what}, ${iso(from)} to ${iso(to)}`));
  printAligned([
    ['', '', 'STORED', 'A MONTH'],
    ...(['objects', 'members', 'messages'] as const).map((name) => [
      name,
      '',
      whole(found[name]),
      whole(month[name]),
    ]),
    ['raw', '', formatBytes(found.bytes), formatBytes(month.bytes)],
    ['stored', '', formatBytes(found.storedBytes), formatBytes(month.storedBytes)],
  ]);
  const ratio = ratioOf(found);
  const each = formatBytes(found.storedBytes / found.objects);
  const held = (found.members / found.objects).toFixed(1);
  print(
    `\nan object: ${each}, ${held} members; ratio ${ratio === undefined ? '-' : ratio.toFixed(2)} to 1\n`,
  );
  printAligned([
    ['THE ARCHIVE, A MONTH', 'UNIT PRICE', '', '$'],
    ...lines
      .filter(({ sum }) => sum > 0)
      .map((line) => [line.name, unitPrice(line.price), quantity(line), dollars(line.sum)]),
    ['total', '', '', dollars(total)],
  ]);
  const moved = infrequentAccessDays === 'never' ? 'never moved' : `moved after ${infrequentAccessDays}`;
  print(`\nkept ${retentionDays} days, ${moved}; ${infrequentAccess(month, lifetimes)}`);
}

function infrequentAccess(month: Usage, { retentionDays, infrequentAccessDays }: Lifetimes): string {
  const days = infrequentAccessDays === 'never' ? 30 : infrequentAccessDays;
  const moved = archiveCost(month, { retentionDays, infrequentAccessDays: days }).total;
  const never = archiveCost(month, { retentionDays, infrequentAccessDays: 'never' }).total;
  return `Infrequent Access after ${days} days ${savesOrCosts(moved - never)}`;
}

/** Undefined where nothing is stored. */
function ratioOf({ bytes, storedBytes }: Usage): number | undefined {
  return storedBytes === 0 ? undefined : bytes / storedBytes;
}

function jsonOf(app: AppName, { from, to }: Span, found: Usage, month: Usage, lifetimes: Lifetimes) {
  return {
    app,
    from: iso(from),
    to: iso(to),
    stored: amountsOf(found),
    ratio: ratioOf(found),
    bytesPerObject: found.storedBytes / found.objects,
    month: amountsOf(month),
    prices: priceList,
    ...lifetimes,
    cost: archiveCost(month, lifetimes),
  };
}

function amountsOf({ objects, members, messages, bytes, storedBytes }: Usage) {
  return { objects, members, messages, bytes, storedBytes };
}
