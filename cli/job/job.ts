import { Command } from 'commander';
import { withIsoTimes } from '../../lib/base/iso-times.ts';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { readRun } from '../../lib/jobs/job-record.ts';
import { type Job, type JobName, type JobRun, jobs } from '../../lib/jobs/jobs.ts';
import { runReportJob } from '../../lib/jobs/report-job.ts';
import { digestMarkdown } from '../../lib/reports/digest-markdown.ts';
import { weekBefore } from '../../lib/reports/week.ts';
import { digestOf } from '../../lib/reports/weekly.ts';
import { CliError } from '../shared/errors.ts';
import { note, print, printJson, printTable } from '../shared/output.ts';
import { stderrLog } from '../shared/stderr-log.ts';
import { addArchiveOptions, openTarget } from '../shared/target.ts';
import { addConfigOption, type ConfigOptions } from '../shared/target-config.ts';
import { ago } from '../watch/table.ts';
import { watch } from '../watch/watch.ts';

interface Options extends ConfigOptions {
  readonly json?: true;
  readonly dryRun?: true;
}

export function jobCommand(): Command {
  return new Command('job').addCommand(listCommand()).addCommand(runCommand());
}

function listCommand(): Command {
  const command = new Command('list').description('list the jobs: when they run, and how they last went');
  return addConfigOption(addArchiveOptions(command))
    .option('--json', 'print JSON')
    .action(async (options: Options) => {
      const ledger = await (await openTarget(options)).openLedger();
      const names = Object.keys(jobs) as JobName[];
      const rows = await Promise.all(
        names.map(async (name) => {
          const last: LastRun = (await readRun(ledger, name)) ?? 'never';
          return { name, ...jobs[name], last };
        }),
      );
      if (options.json === true) printJson(rows);
      else
        printTable(
          ['JOB', 'RUNS', 'LAST', 'OUTCOME'],
          rows.map(({ name, last }) => [name, whenOf(jobs[name]), ...lastOf(last)]),
        );
    });
}

type LastRun = JobRun | 'never' | 'unreadable';

function lastOf(last: LastRun): [string, string] {
  if (typeof last === 'string') return [last, '-'];
  return [`${ago(Date.now() - last.startedAt)} ago`, last.outcome];
}

function whenOf({ everyMinutes, at }: Job): string {
  if (at === undefined) return `every ${everyMinutes} min`;
  const clock = [at.hour, at.minute].map((part) => String(part).padStart(2, '0')).join(':');
  return `Mondays ${clock} UTC`;
}

function runCommand(): Command {
  const command = new Command('run')
    .description('run a job now, as its schedule would')
    .argument('<job>', `one of ${Object.keys(jobs).join(', ')}`, parseJob)
    .option('--dry-run', 'say what it would find or write, and change nothing')
    .option('--json', 'print JSON');
  return addConfigOption(addArchiveOptions(command))
    .addHelpText(
      'after',
      `
The watch tells people what it finds; \`--dry-run\` is \`cistern watch --once\`.

Examples:
  cistern job run report --dry-run
  cistern job run watch --stage production`,
    )
    .action((job: JobName, options: Options) => runJobs[job](options));
}

function parseJob(text: string): JobName {
  if (Object.hasOwn(jobs, text)) return text as JobName;
  throw new CliError(`there is no job ${text}: it is one of ${Object.keys(jobs).join(', ')}.`);
}

const runJobs: Readonly<Record<JobName, (options: Options) => Promise<void>>> = {
  watch: ({ dryRun, ...options }) =>
    watch({ ...options, once: true, ...(dryRun === true ? {} : { page: true }) }),
  report: async (options) => {
    const ledger = await (await openTarget(options)).openLedger();
    const now = Date.now();
    const digest =
      options.dryRun === true
        ? await digestOf(new LedgerIncidents(ledger), weekBefore(now), now)
        : await runReportJob(ledger, stderrLog, now);
    if (options.json === true) printJson(withIsoTimes(digest));
    else print(digestMarkdown(digest).trimEnd());
    if (options.dryRun !== true) note(`kept as reports/incidents/weekly/${digest.week}.md and .json`);
  },
};
