import { Command, Option } from 'commander';
import { readRange } from '../../lib/archive/read/read-messages.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { addArchiveOptions, type TargetOptions } from '../shared/target.ts';
import { addRangeOptions, type RangeOptions, rangeHelp } from '../shared/time-range.ts';
import * as format from './message-format.ts';
import { readApp } from './read-app.ts';
import { DataOutput, storedAppArgument } from './reading.ts';

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

Messages come in the order of their batches. A batch that was sent or stored twice is shown once; of a malformed
one, what lies between good frames is shown as messages where it looks like some, else as it is. On a terminal, control characters are made visible; a pipe or
a file gets the bytes as they are.

Fields of --json:
  time, timeIsKey      the time that counts (UTC); true where it is the batch's, the message having no valid one
  kind                 message, notice (a loss notice) or rest (what can't be framed)
  guessed              true where a message of a malformed batch was found without a good frame
  timestamp, source, process, text   as they stand in the message; text without its last newline
  structuredData       of a batch of log-shuttle, what stands before the text
  base64               the whole message, where it is not UTF-8
  loss                 code and count of a loss notice; elsewhere: about a tail session or another drain
  batch, frame, token, received, malformed, key   the batch that it came in, and its object
  damage               of a batch that is not as it was received any more: why

What still waits in the spool is not printed: of a data directory, a line on stderr says how much that is.

Exit codes: 0 all printed (or nothing there), 1 parts damaged or unreadable, or no such app, 2 bad input.

Examples:
  cistern cat my-app                                     the last hour
  cistern cat my-app --since 2h | grep H12               router timeouts
  cistern cat my-app --since 2026-11-21 --until 2026-11-22 > day.log
  cistern cat my-app --since 7d --json | jq -r 'select(.kind == "notice") | .text'
  cistern cat my-app --stage prod --since 15m`;

async function cat(app: AppName, options: Options): Promise<void> {
  await readApp(app, options, async ({ archive, range, problems }) => {
    const toText = formatOf(options, process.stdout.isTTY);
    const output = new DataOutput();
    let found = false;
    for await (const item of readRange(archive, app, range)) {
      found = true;
      if (item.kind === 'problem') problems.add(item);
      else if (output.add(toText(item))) await output.flush();
    }
    await output.flush();
    return found;
  });
}

function formatOf({ raw, json }: Options, terminal: boolean): format.MessageFormat {
  if (json === true) return format.asJson;
  if (raw === true) return terminal ? format.asVisibleFrame : format.asFrame;
  return terminal ? format.asVisibleLine : format.asLine;
}
