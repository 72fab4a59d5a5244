import type { AppName } from '../drains/app-name.ts';

/** Every check of the watch, by the name that operators see, mute and route by. */
export const checkNames = [
  'freshness',
  'volume',
  'retention',
  'drain',
  'canary',
  'spool',
  'loss',
  'jobs',
  'alerts',
  'records',
] as const;

export type CheckName = (typeof checkNames)[number];

/** `unknown`: could not look. `skipped`: not applicable now, such as outside an app's active hours. */
export type FindingStatus = 'ok' | 'warning' | 'critical' | 'unknown' | 'skipped';

/** What one check says of one subject now. */
export interface Finding {
  readonly check: CheckName;
  /** What it is about, unique within the check: an app, a bucket, a channel, a job. */
  readonly subject: string;
  /** The app, where it is about one: alerts are routed and muted by it. */
  readonly app?: AppName;
  readonly status: FindingStatus;
  /**
   * One line, a whole sentence without its full stop; begins with a capital letter, or with the app's name. Never
   * log content, never a secret.
   */
  readonly summary: string;
  readonly evidence: Evidence;
  /** What to do, as an order to the operator, without the last full stop; empty where nothing is to be done. */
  readonly remedy: string;
  /** Milliseconds since 1970 at which the trouble began, where the check can tell. */
  readonly since?: number;
  /** What the check wants to be told at its next look at this subject; absent: what it was told before. */
  readonly memory?: Memory;
}

export type Evidence = Readonly<Record<string, string | number | boolean>>;

/** What a check remembers of a subject from one run to the next. Kept in the state, so it stays small. */
export type Memory = Readonly<Record<string, string | number | boolean | Readonly<Record<string, number>>>>;

/** What a check is given to look with, besides its own ports. */
export interface Look {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Aborted when the run's time is up. */
  readonly signal: AbortSignal;
  /** What the check's last finding of this subject remembered. */
  remembered(subject: string): Memory | undefined;
  /** Every subject that the check remembers something of. */
  rememberedSubjects(): readonly string[];
}

export interface Check {
  readonly name: CheckName;
  /**
   * Findings for all its subjects, or undefined when the check is not due in this run. What can't be looked at
   * is a finding `unknown`; a rejection makes the whole check unknown.
   */
  look(look: Look): Promise<readonly Finding[] | undefined>;
}

/** What became of a check that was due. */
export type CheckResult =
  | { readonly check: CheckName; readonly findings: readonly Finding[] }
  /** It threw, or took too long: nothing is known of any of its subjects. */
  | { readonly check: CheckName; readonly failure: string };
