import { styleText } from 'node:util';
import type { CheckResult, FindingStatus } from '../../lib/findings/finding.ts';
import { isOver } from '../../lib/incidents/rules/draft.ts';
import { covers } from '../../lib/incidents/rules/mutes.ts';
import type { State, SubjectState } from '../../lib/incidents/state.ts';
import { bold, print } from '../shared/output.ts';
import { visible } from '../shared/visible.ts';

/** One line of the watch: what is known of one subject. */
export interface WatchRow {
  readonly check: string;
  readonly subject: string;
  readonly status: FindingStatus;
  readonly summary: string;
  readonly remedy: string;
  /** Milliseconds since 1970 at which the trouble began. */
  readonly since?: number;
  /** When it was looked at, where that was not now but in an earlier run. */
  readonly lookedAt?: number;
  readonly incident?: string;
  readonly acknowledged?: true;
  /** Until when nobody is told of it. */
  readonly mutedUntil?: number;
}

/** Worst first, then in the order of the checks. */
const order: readonly FindingStatus[] = ['critical', 'warning', 'unknown', 'ok', 'skipped'];

/**
 * What this run found, and of subjects that it did not look at (the check was not due, or can't be done from
 * here) what the state knows of them.
 */
export function watchRows(results: readonly CheckResult[], state: State, now: number): WatchRow[] {
  const rows: Known[] = results.flatMap<Known>((result) =>
    'failure' in result ? [failedRow(result)] : result.findings,
  );
  const looked = new Set(results.map(({ check }) => check));
  const earlier = Object.values(state.subjects)
    .filter(({ check }) => !looked.has(check))
    .map((subject) => ({ ...subject, lookedAt: subject.lastSeenAt }));
  return [...rows, ...earlier]
    .map((row) => describe(row, state, now))
    .sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status));
}

function failedRow({ check, failure }: Extract<CheckResult, { failure: string }>): Known {
  return {
    check,
    subject: '*',
    status: 'unknown',
    summary: failure,
    remedy: 'See why it could not look; three runs running open an incident',
  };
}

interface Known extends Pick<SubjectState, 'check' | 'subject' | 'status' | 'summary' | 'remedy'> {
  readonly app?: string;
  readonly since?: number;
  readonly lookedAt?: number;
}

function describe(known: Known, state: State, now: number): WatchRow {
  const { check, subject, status, summary, remedy } = known;
  const kept = state.subjects[`${check} ${subject}`];
  const incident = kept?.incident === undefined ? undefined : state.incidents[kept.incident];
  const bad = status === 'critical' || status === 'warning';
  const since = known.since ?? kept?.since ?? kept?.firstBadAt;
  const mute = state.mutes.find(({ scope, until }) => until > now && covers(scope, known));
  return {
    check,
    subject,
    status,
    summary,
    remedy,
    ...(bad && since !== undefined ? { since } : {}),
    ...(known.lookedAt === undefined ? {} : { lookedAt: known.lookedAt }),
    ...(incident === undefined || isOver(incident) ? {} : { incident: incident.id }),
    ...((incident?.acknowledgedUntil ?? 0) > now ? { acknowledged: true } : {}),
    ...(mute === undefined ? {} : { mutedUntil: mute.until }),
  };
}

/** 0 all is well, 1 a warning, 2 critical, 3 something could not be looked at: the worst, in this order 2 1 3 0. */
export function watchExitCode(rows: readonly WatchRow[]): 0 | 1 | 2 | 3 {
  const has = (status: FindingStatus) => rows.some((row) => row.status === status);
  if (has('critical')) return 2;
  if (has('warning')) return 1;
  return has('unknown') ? 3 : 0;
}

const colours = {
  critical: 'red',
  warning: 'yellow',
  unknown: 'magenta',
  ok: 'green',
  skipped: 'dim',
} as const;

/** A table: state, subject, since, what it is and what to do. */
export function printWatch(rows: readonly WatchRow[], now: number): void {
  const sinceOf = ({ since }: WatchRow) => (since === undefined ? '-' : `${ago(now - since)} ago`);
  const sinceWidth = Math.max(5, ...rows.map((row) => sinceOf(row).length));
  const wide = Math.max(7, ...rows.map(({ check, subject }) => `${check} ${subject}`.length));
  print(bold(`${'STATE'.padEnd(8)}  ${'SUBJECT'.padEnd(wide)}  ${'SINCE'.padEnd(sinceWidth)}  WHAT`));
  for (const row of rows) {
    const state = styleText(colours[row.status], row.status.padEnd(8), { stream: process.stdout });
    const remarks = remarksOf(row, now);
    print(
      `${state}  ${`${row.check} ${row.subject}`.padEnd(wide)}  ${sinceOf(row).padEnd(sinceWidth)}  ${plain(row.summary)}${remarks}`,
    );
    const todo = row.status === 'ok' || row.status === 'skipped' ? '' : row.remedy;
    if (todo !== '') print(`${' '.repeat(wide + 14 + sinceWidth)}→ ${plain(todo)}`);
  }
}

function remarksOf({ status, incident, acknowledged, mutedUntil, lookedAt }: WatchRow, now: number): string {
  const remarks = [
    // Good again, or quiet: an incident ends only when it has been so for a while.
    incident !== undefined && status === 'ok' ? `good now, ${incident} still open` : incident,
    acknowledged === true ? 'acknowledged' : undefined,
    mutedUntil === undefined ? undefined : `muted for another ${ago(mutedUntil - now)}`,
    lookedAt === undefined ? undefined : `looked at ${ago(now - lookedAt)} ago`,
  ].filter((remark) => remark !== undefined);
  return remarks.length === 0 ? '' : ` (${remarks.join(', ')})`;
}

function plain(text: string): string {
  return visible(Buffer.from(text), ' ');
}

/** `45 s`, `12 min`, `3 h 5 min`, `4 d`. */
export function ago(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(0, ms) / 1000)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d`;
}
