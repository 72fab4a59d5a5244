import { Command, Option } from 'commander';
import { sideBySide } from '../../lib/base/limited-concurrency.ts';
import { instant } from '../../lib/base/text.ts';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { memberOf } from '../../lib/spool/redrive-set-aside.ts';
import { listSetAside, readSetAside, type SetAsideEntry } from '../../lib/spool/set-aside-entries.ts';
import { wholeNumber } from '../shared/arguments.ts';
import { CliError } from '../shared/errors.ts';
import { dim, formatBytes, note, print, printJson, printTable } from '../shared/output.ts';
import { addTargetOptions, openTarget, type Target, type TargetOptions } from '../shared/target.ts';
import { visible } from '../shared/visible.ts';
import { printStuck, printWaiting, type StuckMember, stuckOf, type WaitingRow, waitingOf } from './table.ts';
import { openSpool, type Spool } from './target.ts';

interface Options extends TargetOptions {
  readonly limit: number;
  readonly all?: true;
  readonly raw?: true;
  readonly json?: true;
}

export function spoolInspectCommand(): Command {
  return addTargetOptions(
    new Command('inspect')
      .description('show what waits or is stuck, and what was set aside and why; changes nothing')
      .argument('[id]', 'one that was set aside, whole', setAsideId),
  )
    .option('--limit <number>', 'of each kind, at most so many', wholeNumber('--limit', 1, 10_000), 20)
    .option('--all', 'show what was set aside and went back into the spool since, too')
    .addOption(
      new Option(
        '--raw',
        'with an id: write what was set aside to stdout as it is (it holds logs)',
      ).conflicts(['json']),
    )
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action((id: string | undefined, options: Options) =>
      id === undefined ? inspect(options) : inspectOne(id, options),
    );
}

const help = `
Of a data directory it shows what waits; of a stage, whose queue can't be listed, the dead letters. To look at
a dead letter is to receive it: SQS counts that, and hides it from others for 30 s. Nothing is deleted.

Examples:
  cistern spool inspect
  cistern spool inspect --stage production --limit 100 --json | jq '.deadLetters[].why'
  cistern spool inspect 2026-11-22/8d1b7b0e-5a39-4f5b-8c53-1f0d9e6f3c11 --raw > message.json`;

async function inspect(options: Options): Promise<void> {
  if (options.raw === true) throw new CliError('--raw is for one: give the id of what was set aside.');
  const spool = await openSpool(options);
  const ledger = await spool.target.openLedger();
  const waiting = spool.kind === 'directory' ? await waitingOf(spool.reader, options.limit) : undefined;
  const deadLetters = spool.kind === 'stage' ? await stuckOf(spool.deadLetters, options.limit) : undefined;
  const { setAside, more } = await setAsideOf(ledger, options);
  if (options.json === true) {
    printJson({
      ...(waiting === undefined ? {} : { waiting }),
      ...(deadLetters === undefined ? {} : { deadLetters }),
      setAside,
    });
    return;
  }
  printAll(spool, { waiting, deadLetters, setAside });
  if (more > 0) note(`${more} more are set aside: --limit shows more.`);
}

interface Found {
  readonly waiting: readonly WaitingRow[] | undefined;
  readonly deadLetters: readonly StuckMember[] | undefined;
  readonly setAside: readonly SetAsideRow[];
}

function printAll({ target, kind }: Spool, { waiting = [], deadLetters = [], setAside }: Found): void {
  if (waiting.length > 0) printWaiting(waiting);
  if (deadLetters.length > 0) printStuck(deadLetters);
  if (setAside.length > 0) {
    if (waiting.length + deadLetters.length > 0) print('');
    printSetAside(setAside);
    note(
      `\`cistern spool inspect <id> ${target.flags}\` shows one; \`cistern spool drain ${target.flags}\` tries all of them again.`,
    );
  }
  if (waiting.length + deadLetters.length + setAside.length === 0) {
    note(
      `${kind === 'stage' ? 'no dead letters' : 'nothing waits'} in ${target.describe}, and nothing is set aside.`,
    );
  }
}

interface SetAsideRow {
  readonly id: string;
  readonly sent: string | null;
  readonly bytes: number;
  readonly why: string;
  readonly redriven: boolean;
}

/** The newest of them, and how many there are beside. */
async function setAsideOf(
  ledger: Ledger,
  { limit, all }: Options,
): Promise<{ readonly setAside: SetAsideRow[]; readonly more: number }> {
  const names = await listSetAside(ledger, all);
  const rows = await sideBySide(names.slice(-limit), 8, async ({ id, redriven }) => {
    const entry = await readSetAside(ledger, id);
    return entry === undefined ? [] : [rowOf(entry, redriven)];
  });
  return { setAside: rows.flat(), more: Math.max(0, names.length - limit) };
}

function rowOf({ id, sent, why, content }: SetAsideEntry, redriven: boolean): SetAsideRow {
  return { id, sent: sent ?? null, bytes: content.length, why, redriven };
}

function printSetAside(rows: readonly SetAsideRow[]): void {
  printTable(
    ['SET ASIDE', 'SENT', 'BYTES', 'WHY'],
    rows.map(({ id, sent, bytes, why, redriven }) => [
      plain(id),
      timeOf(sent),
      formatBytes(bytes),
      `${plain(why)}${redriven ? ' (went back into the spool)' : ''}`,
    ]),
  );
}

async function inspectOne(id: string, options: Options): Promise<void> {
  const target = await openTarget(options);
  const ledger = await target.openLedger();
  const entry = await find(ledger, id, target);
  if (options.raw === true) {
    process.stdout.write(entry.content);
    return;
  }
  const names = await listSetAside(ledger, true);
  const redriven = names.some((name) => name.id === entry.id && name.redriven);
  const member = memberOf(entry);
  const facts =
    typeof member === 'string'
      ? { stillBad: member }
      : { key: member.key, app: member.parts.app, memberBytes: member.member.length };
  if (options.json === true) {
    printJson({ ...rowOf(entry, redriven), isText: entry.text !== undefined, ...facts });
    return;
  }
  line('Id', entry.id);
  line('Sent', timeOf(entry.sent ?? null));
  line('Size', `${formatBytes(entry.content.length)}, ${entry.text === undefined ? 'bytes' : 'text'}`);
  line('Why', plain(entry.why));
  if (typeof member === 'string') line('Now', `still bad: ${plain(member)}`);
  else line('Now', `good: ${formatBytes(member.member.length)} of ${member.parts.app}, ${member.key}`);
  if (redriven) line('Redriven', 'it went back into the spool');
  else if (typeof member !== 'string')
    note(`\`cistern spool drain ${target.flags}\` brings it into the archive.`);
}

/** Throws {@link CliError} where there is none. */
async function find(ledger: Ledger, id: string, { describe, flags }: Target): Promise<SetAsideEntry> {
  const whole = id.includes('/')
    ? id
    : (await listSetAside(ledger, true)).find((name) => name.id.endsWith(`/${id}`))?.id;
  const entry = whole === undefined ? undefined : await readSetAside(ledger, whole);
  if (entry !== undefined) return entry;
  throw new CliError(
    `nothing with the id ${id} is set aside in ${describe}: \`cistern spool inspect --all ${flags}\` lists what is.`,
  );
}

/** The id as the list shows it, or without its day. Throws {@link CliError}. */
function setAsideId(text: string): string {
  if (/^(?:\d{4}-\d{2}-\d{2}\/)?[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/.test(text)) return text;
  throw new CliError(
    `'${text}' can't be an id of something that was set aside: \`cistern spool inspect\` lists them.`,
  );
}

function timeOf(sent: string | null): string {
  const at = sent === null ? Number.NaN : Date.parse(sent);
  return Number.isNaN(at) ? 'not known' : instant(at);
}

function line(label: string, value: string): void {
  print(`${dim(label.padEnd(8))}  ${value}`);
}

function plain(text: string): string {
  return visible(Buffer.from(text), ' ');
}
