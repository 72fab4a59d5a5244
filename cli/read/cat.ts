import { Command, Option } from 'commander';
import { readRange } from '../../lib/archive/read/read-messages.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { addArchiveOptions, openTarget, type TargetOptions } from '../shared/target.ts';
import { addRangeOptions, type RangeOptions, rangeHelp, rangeOf } from '../shared/time-range.ts';
import * as format from './message-format.ts';
import { elsewhere, readBesideSpool } from './not-archived.ts';
import { DataOutput, explainNothing, ProblemReport, storedAppArgument } from './reading.ts';

interface Options extends TargetOptions, RangeOptions {
  readonly raw?: true;
  readonly json?: true;
}

export function catCommand(): Command {
  const command = new Command('cat').argument('<app>', 'Heroku app', storedAppArgument);
  addRangeOptions(command)
    .option('--raw', 'the frames exactly as they were received')
    .addOption(new Option('--json', 'one JSON object a line').conflicts('raw'));
  return addArchiveOptions(command).addHelpText('after', help).action(cat);
}

const help = `${rangeHelp}

Messages come in the order of their batches. A batch that was sent or stored twice is shown once; a malformed
one by its good frames, then the rest as it is. On a terminal, control characters are made visible; a pipe or
a file gets the bytes as they are.

Fields of --json:
  time, timeIsKey      the time that counts (UTC); true where it is the batch's, the message having no valid one
  kind                 message, notice (a loss notice) or rest (what can't be framed)
  timestamp, source, process, text   as they stand in the message; text without its last newline
  base64               the whole message, where it is not UTF-8
  loss                 code and count of a loss notice
  batch, frame, token, received, malformed, key   the batch that it came in, and its object

What still waits in the spool is not printed: of a data directory, a line on stderr says how much that is.

Exit codes: 0 all printed (or nothing there), 1 parts damaged or unreadable, or no such app, 2 bad input.

Examples:
  cistern cat my-app                                     the last hour
  cistern cat my-app --since 2h | grep H12               router timeouts
  cistern cat my-app --since 2026-11-21 --until 2026-11-22 > day.log
  cistern cat my-app --since 7d --json | jq -r 'select(.kind == "notice") | .text'
  cistern cat my-app --stage prod --since 15m`;

async function cat(app: AppName, options: Options): Promise<void> {
  const range = rangeOf(options, Date.now());
  const target = await openTarget(options);
  await readBesideSpool({ options, target, app, range }, async (waiting) => {
    const archive = await target.openArchive();
    const toText = formatOf(options, process.stdout.isTTY);
    const output = new DataOutput();
    const problems = new ProblemReport();
    let found = false;
    for await (const item of readRange(archive, app, range)) {
      found = true;
      if (item.kind === 'problem') problems.add(item);
      else if (output.add(toText(item))) await output.flush();
    }
    await output.flush();
    problems.finish();
    if (!found) {
      const circumstances = { place: target.describe, waiting, elsewhere: elsewhere(options) };
      await explainNothing(archive, app, range, circumstances);
    }
  });
}

function formatOf({ raw, json }: Options, terminal: boolean): format.MessageFormat {
  if (json === true) return format.asJson;
  if (raw === true) return terminal ? format.asVisibleFrame : format.asFrame;
  return terminal ? format.asVisibleLine : format.asLine;
}
