import { Command } from 'commander';
import {
  type ReadObject,
  readObjects,
  type StoredMember,
  type TimeRange,
} from '../../lib/archive/read/read-objects.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { parseTimestamp } from '../../lib/logplex/timestamp.ts';
import { bold, formatBytes } from '../shared/output.ts';
import { addArchiveOptions, type TargetOptions } from '../shared/target.ts';
import { addRangeOptions, type RangeOptions, rangeHelp } from '../shared/time-range.ts';
import { visible } from '../shared/visible.ts';
import { readApp } from './read-app.ts';
import { DataOutput, iso, storedAppArgument } from './reading.ts';

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

Fields of --json: key, time (of its key), members, messages, bytes (raw), stored (compressed),
losses (messages by code), lostElsewhere (the same of a tail session or another drain), malformed (members).

What still waits in the spool is not listed: of a data directory, a line on stderr says how much that is.

Exit codes: 0 all listed (or nothing there), 1 parts damaged or unreadable, or no such app, 2 bad input.

Examples:
  cistern ls my-app                                      the last hour
  cistern ls my-app --since 2026-11-21 --until 2026-11-22
  cistern ls my-app --since 7d --json | jq -r 'select(.losses != {}) | .key'
  cistern ls unknown --since 1d                          batches whose app could not be told`;

async function ls(app: AppName, options: Options): Promise<void> {
  await readApp(app, options, async ({ archive, range, problems }) => {
    const output = new DataOutput();
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
    return objects > 0 || met;
  });
}

/** Whether one of the object's batches is in the range: from its earliest message to its latest. */
function isInRange(object: ReadObject, { since, until = Number.POSITIVE_INFINITY }: TimeRange): boolean {
  const spans = object.members.map(({ epochMs, header: { from } }) => {
    return { from: (from === undefined ? undefined : parseTimestamp(from)) ?? epochMs, to: epochMs };
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
  readonly losses: Counts;
  readonly lostElsewhere?: Counts;
  readonly malformed: number;
}

/** Messages by the code of their loss notices. */
type Counts = Readonly<Record<string, number>>;

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
  const { found: messages, bytes: raw, losses = {}, lostElsewhere } = header;
  const declared = { losses, ...(lostElsewhere === undefined ? {} : { lostElsewhere }) };
  return { members: 1, messages, bytes: raw, stored: bytes.length, ...declared, malformed };
}

function add(a: Amounts, b: Amounts): Amounts {
  const elsewhere = a.lostElsewhere ?? b.lostElsewhere;
  return {
    members: a.members + b.members,
    messages: a.messages + b.messages,
    bytes: a.bytes + b.bytes,
    stored: a.stored + b.stored,
    losses: addCounts(a.losses, b.losses),
    ...(elsewhere === undefined ? {} : { lostElsewhere: addCounts(a.lostElsewhere, b.lostElsewhere) }),
    malformed: a.malformed + b.malformed,
  };
}

function addCounts(a: Counts = {}, b: Counts = {}): Counts {
  const sums = { ...a };
  for (const [code, lost] of Object.entries(b)) sums[code] = (sums[code] ?? 0) + lost;
  return sums;
}

/** Objects come one by one, so the columns have fixed widths. */
const columns = ['MEMBERS', 'MESSAGES', '     RAW', '  STORED'] as const;
const heading = `${'TIME (UTC)'.padEnd(24)}  ${columns.join('  ')}  KEY`;

function row(summary: Summary): string {
  const { key, time, members, messages, bytes, stored } = summary;
  const cells = [String(members), String(messages), formatBytes(bytes), formatBytes(stored)];
  const numbers = cells.map((cell, i) => cell.padStart(columns[i]?.length ?? 0));
  return [time, ...numbers, key, describe(summary)].join('  ').trimEnd();
}

/** `L10: 12 lost, L11: 3 lost elsewhere, malformed: 1`; a notice that counts nothing is its code alone. */
function describe({ losses, lostElsewhere = {}, malformed }: Amounts): string {
  const parts = [...describeCounts(losses, 'lost'), ...describeCounts(lostElsewhere, 'lost elsewhere')];
  if (malformed > 0) parts.push(`malformed: ${malformed}`);
  return visible(Buffer.from(parts.join(', ')), ' ');
}

function describeCounts(counts: Counts, what: string): string[] {
  return Object.entries(counts).map(([code, lost]) => (lost === 0 ? code : `${code}: ${lost} ${what}`));
}

function totalLine(objects: number, total: Amounts): string {
  const { members, messages, bytes, stored } = total;
  const parts = [
    count(objects, 'object'),
    count(members, 'member'),
    count(messages, 'message'),
    `${formatBytes(bytes)} raw`,
    `${formatBytes(stored)} stored`,
    describe(total),
  ];
  return `total: ${parts.filter((part) => part !== '').join(', ')}`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
