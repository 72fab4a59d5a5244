import { describeError } from '../base/errors.ts';
import type { Check, Finding, Look } from '../findings/finding.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { readRun } from './job-record.ts';
import { type Job, type JobName, type JobRun, jobKey, jobs as scheduledJobs } from './jobs.ts';

export interface JobsSettings {
  readonly ledger: Pick<Ledger, 'read'>;
  readonly jobs: Readonly<Partial<Record<JobName, Job>>>;
}

/**
 * Whether each scheduled job ran when it should have, and did not fail. A job is missed when it did not start
 * for twice its interval; one that never ran, when it was watched for so long.
 *
 * The watch can't find itself missing. But the first run after a gap tells of it, once.
 */
export function jobsCheck({ ledger, jobs }: JobsSettings): Check {
  return {
    name: 'jobs',
    look: (look) =>
      Promise.all(
        Object.entries(jobs).flatMap(([name, job]) =>
          isJobName(name) ? [lookAt({ ...job, name }, ledger, look)] : [],
        ),
      ),
  };
}

const minuteMs = 60_000;

interface NamedJob extends Job {
  readonly name: JobName;
}

async function lookAt(job: NamedJob, ledger: JobsSettings['ledger'], look: Look): Promise<Finding> {
  try {
    const run = await readRun(ledger, job.name, look.signal);
    if (run === undefined) return neverRan(job, look);
    return run === 'unreadable' ? unreadable(job) : judge(job, run, look.now);
  } catch (error) {
    const why = error instanceof Error ? describeError(error) : String(error);
    return finding(job, {
      status: 'unknown',
      summary: `Could not read when job ${job.name} last ran: ${why}`,
      remedy: 'See whether the watch may read reports/ in the ledger',
    });
  }
}

function judge(job: NamedJob, run: JobRun, now: number): Finding {
  const evidence = {
    lastStartedAt: new Date(run.startedAt).toISOString(),
    lastOutcome: run.outcome,
    everyMinutes: job.everyMinutes,
  };
  const missed = now - run.startedAt > limitMs(job);
  if (missed) {
    return finding(job, {
      status: 'warning',
      summary:
        job.name === 'watch'
          ? `Nothing was watched from ${evidence.lastStartedAt} until now: the watch did not run`
          : `Job ${job.name} last ran at ${evidence.lastStartedAt}, and should every ${describeInterval(job)}`,
      evidence,
      remedy: remedyOf(job),
      since: run.startedAt,
    });
  }
  if (run.outcome === 'failed') {
    return finding(job, {
      status: 'warning',
      summary: `Job ${job.name} failed when it last ran, at ${evidence.lastStartedAt}`,
      evidence,
      remedy: remedyOf(job),
      since: run.startedAt,
    });
  }
  return finding(job, {
    status: 'ok',
    summary: `Job ${job.name} ran at ${evidence.lastStartedAt}`,
    evidence,
  });
}

/** Counted from when it was first watched, which is remembered until it has run. */
function neverRan(job: NamedJob, look: Look): Finding {
  const remembered = look.remembered(job.name)?.['firstWatchedAt'];
  const firstWatchedAt = typeof remembered === 'number' ? remembered : look.now;
  const memory = { firstWatchedAt };
  if (look.now - firstWatchedAt <= limitMs(job)) {
    return finding(job, { status: 'skipped', summary: `Job ${job.name} has not run yet`, memory });
  }
  return finding(job, {
    status: 'warning',
    summary: `Job ${job.name} has never run, and should every ${describeInterval(job)}`,
    evidence: { everyMinutes: job.everyMinutes, firstWatchedAt: new Date(firstWatchedAt).toISOString() },
    remedy: remedyOf(job),
    since: firstWatchedAt,
    memory,
  });
}

function unreadable(job: NamedJob): Finding {
  return finding(job, {
    status: 'unknown',
    summary: `The record of the last run of job ${job.name} is unreadable`,
    evidence: { object: jobKey(job.name) },
    remedy: `Run \`cistern job run ${job.name}\`, which writes it anew`,
  });
}

function finding({ name }: NamedJob, rest: Pick<Finding, 'status' | 'summary'> & Partial<Finding>): Finding {
  return { check: 'jobs', subject: name, evidence: {}, remedy: '', ...rest };
}

function isJobName(name: string): name is JobName {
  return Object.hasOwn(scheduledJobs, name);
}

function limitMs({ everyMinutes }: Job): number {
  return 2 * everyMinutes * minuteMs;
}

function remedyOf({ name }: NamedJob): string {
  return `Look into its log for what ended it, then run \`cistern job run ${name}\``;
}

function describeInterval({ everyMinutes }: Job): string {
  return everyMinutes % (24 * 60) === 0 ? `${everyMinutes / (24 * 60)} days` : `${everyMinutes} min`;
}
