/** Every scheduled job. This table feeds the stack's schedules, the loop of `serve` and the check of jobs. */
export const jobs = {
  watch: { everyMinutes: 5, timeoutSeconds: 120 },
  /** The week just ended, Monday 08:00 UTC. */
  report: { everyMinutes: 7 * 24 * 60, at: { weekday: 'MON', hour: 8, minute: 0 }, timeoutSeconds: 120 },
} as const satisfies Readonly<Record<string, Job>>;

export type JobName = keyof typeof jobs;

export interface Job {
  readonly everyMinutes: number;
  /** For a weekly job: when, UTC. */
  readonly at?: { readonly weekday: 'MON'; readonly hour: number; readonly minute: number };
  readonly timeoutSeconds: number;
}

const minuteMs = 60_000;
const weekMs = 7 * 24 * 60 * minuteMs;
/** 1970-01-05, a Monday. */
const firstMonday = 4 * 24 * 60 * minuteMs;

/** When a weekly job was last to run: the latest such instant that is not after `now`, milliseconds since 1970. */
export function lastDue({ hour, minute }: NonNullable<Job['at']>, now: number): number {
  const first = firstMonday + (hour * 60 + minute) * minuteMs;
  return first + Math.floor((now - first) / weekMs) * weekMs;
}

/** Where a job leaves word of its last run, in the ledger: {@link JobRun} as JSON. */
export function jobKey(name: JobName): string {
  return `reports/jobs/${name}.json`;
}

export interface JobRun {
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: 'done' | 'failed';
}
