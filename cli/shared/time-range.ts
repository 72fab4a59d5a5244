import type { Command } from 'commander';
import type { TimeRange } from '../../lib/archive/read/read-objects.ts';
import { parseTimestamp } from '../../lib/logplex/timestamp.ts';
import { CliError } from './errors.ts';

export interface RangeOptions {
  readonly since?: string;
  readonly until?: string;
}

export const rangeHelp = `
A time is RFC 3339 (2026-11-21T20:52:47Z, also with an offset), a day (2026-11-21, its start in UTC) or a time
back from now (90s, 15m, 2h, 7d, 4w). Without --since: the hour before --until. Without --until: to the end of
what is stored, since Heroku's clock may run ahead of this one.`;

/** Adds `--since` and `--until`; {@link rangeOf} reads them. */
export function addRangeOptions(command: Command): Command {
  return command
    .option('--since <time>', 'from this time on (default: 1h)')
    .option('--until <time>', 'up to this time, without it');
}

const hourMs = 60 * 60 * 1000;

/** The range that the flags name, `now` in milliseconds since 1970. Throws {@link CliError}. */
export function rangeOf(options: RangeOptions, now: number): TimeRange {
  const until = options.until === undefined ? undefined : parseTime('--until', options.until, now);
  if (options.since === undefined) return limit(Math.max(0, (until ?? now) - hourMs), until);
  const since = parseTime('--since', options.since, now);
  if (until !== undefined && since >= until) {
    throw new CliError(
      `--since ${options.since} is not before --until ${options.until}: no time lies between.`,
    );
  }
  return limit(since, until);
}

function limit(since: number, until: number | undefined): TimeRange {
  return until === undefined ? { since } : { since, until };
}

/** Milliseconds since 1970 of a flag's time. Throws {@link CliError} with the accepted forms. */
function parseTime(flag: string, text: string, now: number): number {
  const time = parseBack(text, now) ?? parseDay(text) ?? parseInstant(text);
  if (time !== undefined) return time;
  throw new CliError(
    `${flag} '${text}' is no time: give one like 2026-11-21T20:52:47Z, 2026-11-21 (UTC), or 15m, 2h, 7d back from now.`,
  );
}

const unitMs = { s: 1000, m: 60_000, h: hourMs, d: 24 * hourMs, w: 7 * 24 * hourMs } as const;

function parseBack(text: string, now: number): number | undefined {
  const [, amount, unit] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Math.max(0, now - Number(amount) * unitMs[unit as keyof typeof unitMs]);
}

function parseDay(text: string): number | undefined {
  return /^\d{4}-\d\d-\d\d$/.test(text) ? parseInstant(`${text}T00:00:00Z`) : undefined;
}

/** RFC 3339, its letters in either case. A day that is not in the calendar, such as 02-31, is none. */
function parseInstant(text: string): number | undefined {
  const day = text.slice(0, 10);
  const midnight = parseTimestamp(`${day}T00:00:00Z`);
  if (midnight === undefined || new Date(midnight).toISOString().slice(0, 10) !== day) return undefined;
  return parseTimestamp(text.toUpperCase());
}
