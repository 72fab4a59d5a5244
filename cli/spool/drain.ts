import { Command, Option } from 'commander';
import { messageOf } from '../../lib/base/errors.ts';
import { duration } from '../../lib/base/text.ts';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { awaitDrained } from '../../lib/spool/await-drained.ts';
import { redriveSetAside } from '../../lib/spool/redrive-set-aside.ts';
import { listSetAside } from '../../lib/spool/set-aside-entries.ts';
import type { SpoolStatus } from '../../lib/spool/spool.ts';
import { wholeNumber } from '../shared/arguments.ts';
import { exitCodes } from '../shared/errors.ts';
import { note, printJson, warn } from '../shared/output.ts';
import { StatusLine } from '../shared/status-line.ts';
import { addTargetOptions, type TargetOptions } from '../shared/target.ts';
import { configOf } from '../shared/target-config.ts';
import { drainOfDirectory } from './drain-directory.ts';
import { drainOfStage, type SpoolDrain } from './drain-stage.ts';
import { openSpool } from './target.ts';

interface Options extends TargetOptions {
  readonly timeout: number;
  readonly json?: true;
}

export function spoolDrainCommand(): Command {
  return addTargetOptions(
    new Command('drain').description(
      'bring into the archive all that waits, what was given up and what was set aside',
    ),
  )
    .addOption(
      new Option(
        '--bucket <name>',
        'beside a data directory: the bucket that holds its archive (env: CISTERN_BUCKET)',
      ).conflicts('stage'),
    )
    .option('--timeout <minutes>', 'wait for so long at most', wholeNumber('--timeout', 1, 24 * 60), 30)
    .option('--json', 'print JSON, at the end')
    .addHelpText('after', help)
    .action(drain);
}

const help = `
What was set aside is tried again first: what the code finds good now goes back. Then dead letters go back to the
queue, and the command waits until all that waits is archived. Ctrl-C loses nothing; to run it again, or twice at
once, is harmless: what is archived twice is read once.

Exit codes: 0 all that waited is archived (what was set aside before and is still bad stays), 1 not within the time, or
some of it was found bad and set aside, or it failed, 2 bad input.

Examples:
  cistern spool drain
  cistern spool drain --stage production --timeout 60`;

async function drain(options: Options): Promise<void> {
  const spool = await openSpool(options);
  const { target, reader } = spool;
  const line = new StatusLine();
  const ledger = await target.openLedger();
  const way =
    spool.kind === 'stage'
      ? drainOfStage(spool)
      : await drainOfDirectory(spool, ledger, await configOf(target, options));
  const setAside = await tryAgain(ledger, way, target.flags);
  const { drained, last } = await awaitDrained({
    reader,
    ageLagMs: way.ageLagMs,
    looks: way.looks,
    pollMs: way.pollMs,
    onLook: async (status) => {
      line.clear();
      await way.getMoving(status);
      line.show(describe(status));
    },
    timeoutMs: options.timeout * 60_000,
  }).finally(() => line.clear());
  const found = Math.max(0, (await listSetAside(ledger)).length - setAside.left);
  if (options.json === true) {
    const { redriven, stillBad } = setAside;
    const { waiting, underWay, deadLetters = null } = last;
    printJson({ drained, waiting, underWay, deadLetters, setAside: { redriven, stillBad, found } });
  }
  if (found > 0) {
    warn(
      `${found} of what waited ${found === 1 ? 'was' : 'were'} found bad and set aside: \`cistern spool inspect ${target.flags}\` says why.`,
    );
    process.exitCode = exitCodes.failed;
  }
  if (drained) {
    note(`nothing of what waited is left in the spool of ${target.describe}.`);
    return;
  }
  warn(`not within ${options.timeout} min: ${describe(last)}. ${way.afterwards}`);
  process.exitCode = exitCodes.failed;
}

interface TriedAgain {
  readonly redriven: number;
  readonly stillBad: number;
  /** Those that a list still shows. */
  readonly left: number;
}

async function tryAgain(ledger: Ledger, { put }: SpoolDrain, flags: string): Promise<TriedAgain> {
  let redriven = 0;
  let stillBad = 0;
  let left = 0;
  for await (const { id, stillBad: why, notMarked } of redriveSetAside({ ledger, put })) {
    if (why !== undefined) stillBad += 1;
    else redriven += 1;
    if (why !== undefined || notMarked !== undefined) left += 1;
    if (notMarked !== undefined) {
      const reason = messageOf(notMarked);
      warn(
        `${id} went back, and could not be marked: the next drain sends it again, which is harmless (${reason})`,
      );
    }
  }
  if (redriven > 0) note(`${redriven} of what was set aside went back.`);
  if (stillBad > 0) {
    note(
      `${stillBad} of what was set aside ${stillBad === 1 ? 'is' : 'are'} still bad, and stay${stillBad === 1 ? 's' : ''}: \`cistern spool inspect ${flags}\` says why.`,
    );
  }
  return { redriven, stillBad, left };
}

function describe({ waiting, underWay, oldestMs, deadLetters = 0 }: SpoolStatus): string {
  const parts = [`${waiting.toLocaleString('en')} waiting`];
  if (underWay > 0) parts.push(`${underWay.toLocaleString('en')} under way`);
  if (deadLetters > 0) parts.push(`${deadLetters.toLocaleString('en')} dead letters`);
  if (oldestMs !== undefined) parts.push(`the oldest for ${duration(oldestMs)}`);
  return parts.join(', ');
}
