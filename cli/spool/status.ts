import { Command } from 'commander';
import { duration } from '../../lib/base/text.ts';
import { deadLetterDays } from '../../lib/spool/queue.ts';
import { listSetAside, type SetAsideName } from '../../lib/spool/set-aside-entries.ts';
import { pageAfterMs, type SpoolStatus } from '../../lib/spool/spool.ts';
import { exitCodes } from '../shared/errors.ts';
import { dim, note, print, printJson } from '../shared/output.ts';
import { addTargetOptions, type TargetOptions } from '../shared/target.ts';
import { configOf } from '../shared/target-config.ts';
import { openSpool, type Spool } from './target.ts';

interface Options extends TargetOptions {
  readonly all?: true;
  readonly json?: true;
}

export function spoolStatusCommand(): Command {
  return addTargetOptions(
    new Command('status').description('how much waits in the spool, how old it is, and what is stuck'),
  )
    .option('--all', 'count what was set aside and went back into the spool since, too')
    .option('--json', 'print JSON')
    .addHelpText('after', help)
    .action(status);
}

const help = `
On AWS the numbers are SQS's estimates, and the age is CloudWatch's: some minutes behind.

Exit codes: 0 all is well, 1 a person is wanted (something has waited for over ${pageAfterMs / 60_000} min, or there are dead
letters, or something that was sent in the last ${deadLetterDays} days is set aside and did not go back), or the spool can't be
looked at, 2 bad input.

Examples:
  cistern spool status
  cistern spool status --stage production --json | jq .waiting`;

async function status(options: Options): Promise<void> {
  const spool = await openSpool(options);
  const { target } = spool;
  const [found, ledger, { delivery }] = await Promise.all([
    spool.reader.status(),
    target.openLedger(),
    configOf(target, options),
  ]);
  const setAside = await listSetAside(ledger, options.all);
  const wants = wantsOf(found, setAside.filter(isRecent).length, spool);
  const newest = setAside.at(-1)?.day;
  if (options.json === true) {
    printJson({
      delivery,
      waiting: found.waiting,
      underWay: found.underWay,
      oldestSeconds: found.oldestMs === undefined ? null : Math.round(found.oldestMs / 1000),
      deadLetters: found.deadLetters ?? null,
      setAside: setAside.length,
      newestSetAside: newest ?? null,
      wantsSomebody: wants.map(({ what }) => what),
    });
  } else {
    printStatus(found, delivery);
    const of = newest === undefined ? '' : `, the newest sent on ${newest}`;
    line('Set aside', `${setAside.length.toLocaleString('en')}${of}`);
    for (const { todo } of wants) note(todo);
  }
  if (wants.length > 0) process.exitCode = exitCodes.failed;
}

/** What nobody has mended in two weeks is known, and no reason to look. */
function isRecent({ day, redriven }: SetAsideName): boolean {
  return !redriven && Date.parse(day) > Date.now() - (deadLetterDays + 1) * dayMs;
}

const dayMs = 86_400_000;

function printStatus({ waiting, underWay, oldestMs, deadLetters }: SpoolStatus, delivery: string): void {
  line('Delivery', delivery);
  line('Waiting', `${waiting.toLocaleString('en')}, ${underWay.toLocaleString('en')} more under way`);
  const empty = waiting + underWay === 0;
  line('Oldest', oldestMs === undefined ? (empty ? '-' : 'not known') : duration(oldestMs));
  if (deadLetters !== undefined) line('Dead letters', deadLetters.toLocaleString('en'));
}

function line(label: string, value: string): void {
  print(`${dim(label.padEnd(12))}  ${value}`);
}

interface Want {
  readonly what: string;
  readonly todo: string;
}

/** What wants a person, and what that person is to do. */
function wantsOf(
  { oldestMs = 0, deadLetters = 0 }: SpoolStatus,
  setAside: number,
  { kind, target: { flags } }: Spool,
): Want[] {
  const why =
    kind === 'stage'
      ? `\`cistern watch --once ${flags}\` says what is wrong with the store.`
      : `\`cistern spool drain ${flags}\` archives it now, or says why not.`;
  const wants: Want[] = [];
  if (oldestMs > pageAfterMs) {
    wants.push({
      what: 'old',
      todo: `the oldest has waited for over ${duration(pageAfterMs)}: ${why}`,
    });
  }
  if (deadLetters > 0) {
    wants.push({
      what: 'dead-letters',
      todo: `dead letters wait for somebody: look with \`cistern spool inspect ${flags}\`, mend the cause, then \`cistern spool drain ${flags}\`.`,
    });
  }
  if (setAside > 0) {
    wants.push({
      what: 'set-aside',
      todo: `bad messages are set aside: \`cistern spool inspect ${flags}\` says why each is bad.`,
    });
  }
  return wants;
}
