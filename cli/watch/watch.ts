import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { emptyState, type State } from '../../lib/incidents/state.ts';
import { type IncidentStore, UnreadableError } from '../../lib/incidents/store/incident-store.ts';
import { jobs } from '../../lib/jobs/jobs.ts';
import { runWatchJob, type WatchJob } from '../../lib/jobs/watch-job.ts';
import { runChecks } from '../../lib/watch/run-checks.ts';
import { CliError, describeError } from '../shared/errors.ts';
import { print, printJson, warn } from '../shared/output.ts';
import { stderrLog } from '../shared/stderr-log.ts';
import { addArchiveOptions } from '../shared/target.ts';
import { addConfigOption, type ConfigOptions } from '../shared/target-config.ts';
import { openWatch } from '../shared/watching.ts';
import { printWatch, type WatchRow, watchExitCode, watchRows } from './table.ts';

interface Options extends ConfigOptions {
  readonly once?: true;
  readonly page?: true;
  readonly json?: true;
}

export function watchCommand(): Command {
  const command = new Command('watch')
    .option('--once', 'look once and exit (the default where there is no terminal)')
    .option(
      '--page',
      'do what the scheduled watch does: send the canary, open and resolve incidents, tell people',
    )
    .option('--json', 'print JSON, once');
  return addConfigOption(addArchiveOptions(command)).addHelpText('after', help).action(watch);
}

const help = `
Without --page nothing is written, nobody is told and no canary is sent; of what can't be looked at from here
(the canary; beside a directory what \`cistern serve\` counts) it shows what the last scheduled look found.
On a terminal it looks again every minute until Ctrl-C.

Exit codes: 0 all is well, 1 a warning, 2 critical (or bad input), 3 something could not be looked at.

Examples:
  cistern watch --stage production
  cistern watch --once --config cistern.json
  cistern watch --once --json | jq -r '.[] | select(.status == "critical") | .subject'
  cistern watch --once --page --stage production         what the function does, now`;

/** Between two looks of somebody who watches. */
const againMs = 60_000;

export async function watch(options: Options): Promise<void> {
  const once = options.once === true || options.json === true || !process.stdout.isTTY;
  for (;;) {
    const rows = await rowsOf(options);
    const now = Date.now();
    if (options.json === true) printJson(rows.map(asJson));
    else printWatch(rows, now);
    process.exitCode = watchExitCode(rows);
    if (once) return;
    await delay(againMs);
    print('');
  }
}

/** Throws {@link CliError} with exit code 3 where nobody could look: 1 would say that there is a mere warning. */
async function rowsOf(options: Options): Promise<WatchRow[]> {
  try {
    const job = await openWatch(options, { log: stderrLog, canary: options.page === true });
    return await (options.page === true ? page(job) : look(job));
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    const { line = 'unknown error' } = describeError(cause);
    throw new CliError(line, { cause, exitCode: 3 });
  }
}

async function page(job: WatchJob): Promise<WatchRow[]> {
  const { results, state } = await runWatchJob(job);
  return watchRows(results, state, Date.now());
}

/** Changes nothing: the state is read for what is known of incidents and mutes. */
async function look({ store, checks }: WatchJob): Promise<WatchRow[]> {
  const found = await readState(store);
  const { state } = found;
  const now = Date.now();
  const timeoutMs = (jobs.watch.timeoutSeconds / 2) * 1000;
  return watchRows(await runChecks(checks(found), state, { now, timeoutMs }), state, now);
}

/** A damaged one is left where it is, and is critical: the next run of the scheduled watch sets it aside. */
async function readState(store: IncidentStore): Promise<{ state: State; setAside?: string }> {
  try {
    return { state: (await store.readState())?.state ?? emptyState };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    warn(`${error.message}: what is known of incidents and mutes may be missing here`);
    return { state: error.rest ?? emptyState, setAside: error.key };
  }
}

function asJson(row: WatchRow): unknown {
  const iso = (at: number | undefined) => (at === undefined ? undefined : new Date(at).toISOString());
  return { ...row, since: iso(row.since), lookedAt: iso(row.lookedAt), mutedUntil: iso(row.mutedUntil) };
}
