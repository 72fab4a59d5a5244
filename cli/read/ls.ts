import { Command } from 'commander';
import {
  type ReadObject,
  reach,
  readObjects,
  type StoredMember,
  type TimeRange,
} from '../../lib/archive/read/read-objects.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { parseTimestamp } from '../../lib/logplex/syslog.ts';
import { bold, formatBytes } from '../shared/output.ts';
import { addArchiveOptions, openTarget, type TargetOptions } from '../shared/target.ts';
import { addRangeOptions, type RangeOptions, rangeHelp, rangeOf } from '../shared/time-range.ts';
import { visible } from '../shared/visible.ts';
import { elsewhere, readBesideSpool } from './not-archived.ts';
import { DataOutput, explainNothing, iso, ProblemReport, storedAppArgument } from './reading.ts';

interface Options extends TargetOptions, RangeOptions {
  readonly json?: true;
}

export function lsCommand(): Command {
  const command = new Command('ls').argument('<app>', 'Heroku app', storedAppArgument);
  addRangeOptions(command).option('--json', 'one JSON object a line, without a total');
  return addArchiveOptions(command).addHelpText('after', help).action(ls);
}

const help = `${rangeHelp}

An object is listed when one of its batches is in the range. Counts are of what is stored, a batch that was
stored twice included; \`cistern cat\` shows it once. Losses are what Heroku's own loss notices declare.
Every object of the range is fetched to be looked into: on S3, mind the size of the range.

Fields of --json: key, time (of the first message), members, messages, bytes (raw), stored (compressed),
losses (messages by code), malformed (members).

What still waits in the spool is not listed: of a data directory, a line on stderr says how much that is.

Exit codes: 0 all listed (or nothing there), 1 parts damaged or unreadable, or no such app, 2 bad input.

Examples:
  cistern ls my-app                                      the last hour
  cistern ls my-app --since 2026-11-21 --until 2026-11-22
  cistern ls my-app --since 7d --json | jq -r 'select(.losses != {}) | .key'
  cistern ls unknown --since 1d                          batches whose app could not be told`;

async function ls(app: AppName, options: Options): Promise<void> {
  const range = rangeOf(options, Date.now());
  const target = await openTarget(options);
  await readBesideSpool({ options, target, app, range }, async (waiting) => {
    const archive = await target.openArchive();
    const output = new DataOutput();
    const problems = new ProblemReport();
    let objects = 0;
    let total = nothing;
    let met = false;
    for await (const item of readObjects(archive, app, range)) {
      if (item.kind === 'problem') {
        met = true;
        problems.add(item);
      } else if (isInRange(item, range)) {
        const summary = summarise(item);
        if (objects === 0 && options.json !== true) output.add(`${bold(heading)}\n`);
        objects += 1;
        total = add(total, summary);
        const line = options.json === true ? JSON.stringify(summary) : row(summary);
        if (output.add(`${line}\n`)) await output.flush();
      }
    }
    if (objects > 0 && options.json !== true) output.add(`${totalLine(objects, total)}\n`);
    await output.flush();
    problems.finish();
    if (objects === 0 && !met) {
      const circumstances = { place: target.describe, waiting, elsewhere: elsewhere(options) };
      await explainNothing(archive, app, range, circumstances);
    }
  });
}

/** Whether one of the object's batches is in the range: from its epoch to the time of its last message. */
function isInRange(object: ReadObject, { since, until = Number.POSITIVE_INFINITY }: TimeRange): boolean {
  const spans = object.members.map(({ epochMs, header }) => {
    const last = header.last === undefined ? undefined : parseTimestamp(header.last);
    const valid = last !== undefined && last <= object.epochMs + reach.after;
    return { from: epochMs, to: valid ? Math.max(epochMs, last) : epochMs };
  });
  // Without a readable member, its key is all that is known of it.
  if (spans.length === 0) spans.push({ from: object.epochMs, to: object.epochMs });
  return spans.some(({ from, to }) => from < until && to >= since);
}

/** What an object holds, or several of them. */
interface Amounts {
  readonly members: number;
  readonly messages: number;
  readonly bytes: number;
  readonly stored: number;
  readonly losses: Readonly<Record<string, number>>;
  readonly malformed: number;
}

interface Summary extends Amounts {
  readonly key: string;
  readonly time: string;
}

const nothing: Amounts = { members: 0, messages: 0, bytes: 0, stored: 0, losses: {}, malformed: 0 };

function summarise({ key, epochMs, members }: ReadObject): Summary {
  return { key, time: iso(epochMs), ...members.map(amountsOf).reduce(add, nothing) };
}

function amountsOf({ header, bytes }: StoredMember): Amounts {
  const malformed = header.malformed === undefined ? 0 : 1;
  const { found: messages, bytes: raw, losses = {} } = header;
  return { members: 1, messages, bytes: raw, stored: bytes.length, losses, malformed };
}

function add(a: Amounts, b: Amounts): Amounts {
  const losses: Record<string, number> = { ...a.losses };
  for (const [code, lost] of Object.entries(b.losses)) losses[code] = (losses[code] ?? 0) + lost;
  return {
    members: a.members + b.members,
    messages: a.messages + b.messages,
    bytes: a.bytes + b.bytes,
    stored: a.stored + b.stored,
    losses,
    malformed: a.malformed + b.malformed,
  };
}

/** Objects come one by one, so the columns have fixed widths. */
const columns = ['MEMBERS', 'MESSAGES', '     RAW', '  STORED'] as const;
const heading = `${'TIME (UTC)'.padEnd(24)}  ${columns.join('  ')}  KEY`;

function row({ key, time, members, messages, bytes, stored, losses, malformed }: Summary): string {
  const cells = [String(members), String(messages), formatBytes(bytes), formatBytes(stored)];
  const numbers = cells.map((cell, i) => cell.padStart(columns[i]?.length ?? 0));
  return [time, ...numbers, key, describe(losses, malformed)].join('  ').trimEnd();
}

/** `L10: 12 lost, malformed: 1`; a notice that counts nothing is its code alone. */
function describe(losses: Readonly<Record<string, number>>, malformed: number): string {
  const parts = Object.entries(losses).map(([code, lost]) => (lost === 0 ? code : `${code}: ${lost} lost`));
  if (malformed > 0) parts.push(`malformed: ${malformed}`);
  return visible(Buffer.from(parts.join(', ')), ' ');
}

function totalLine(
  objects: number,
  { members, messages, bytes, stored, losses, malformed }: Amounts,
): string {
  const parts = [
    count(objects, 'object'),
    count(members, 'member'),
    count(messages, 'message'),
    `${formatBytes(bytes)} raw`,
    `${formatBytes(stored)} stored`,
    describe(losses, malformed),
  ];
  return `total: ${parts.filter((part) => part !== '').join(', ')}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
