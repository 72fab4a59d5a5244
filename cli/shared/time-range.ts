import { type Command, Option } from 'commander';
import type { TimeRange } from '../../lib/archive/read/read-objects.ts';
import { offsetAt } from '../../lib/base/zone-offsets.ts';
import { parseTimestamp } from '../../lib/logplex/timestamp.ts';
import { CliError } from './errors.ts';

export interface ZoneOptions {
  readonly tz?: string;
}

export interface RangeOptions extends ZoneOptions {
  readonly since?: string;
  readonly until?: string;
}

export const rangeHelp = `
\`cistern help times\` has every form of a time: 2026-11-21T20:52:47Z, a day, today, yesterday, or back from now
(90s, 15m, 2h, 7d, 4w). Without --since: the hour before --until. Without --until: to the end of what is stored,
since Heroku's clock may run ahead of this one.`;

/** Adds `--since`, `--until` and `--tz`; {@link rangeOf} reads them. */
export function addRangeOptions(command: Command, what = '', defaultSince = '1h'): Command {
  const of = what === '' ? '' : `${what} `;
  return command
    .option('--since <time>', `${of}from this time on (default: ${defaultSince})`)
    .option('--until <time>', `${of}up to this time, without it`)
    .addOption(zoneOption());
}

export function zoneOption(): Option {
  return new Option(
    '--tz <zone>',
    'the zone of days and of times without an offset: Europe/Berlin, +02:00 or local (env: CISTERN_TZ, default: UTC)',
  );
}

const hourMs = 60 * 60 * 1000;
const dayMs = 24 * hourMs;

/**
 * The range that the flags name, `now` in milliseconds since 1970. Without `--since` it begins `lengthMs` before its
 * end. Throws {@link CliError}.
 */
export function rangeOf(options: RangeOptions, now: number, lengthMs: number = hourMs): TimeRange {
  const until = options.until === undefined ? undefined : timeOf('--until', options.until, now, options);
  if (options.since === undefined) return limit(Math.max(0, (until ?? now) - lengthMs), until);
  const since = timeOf('--since', options.since, now, options);
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
export function timeOf(flag: string, text: string, now: number, options: ZoneOptions): number {
  const time = parseBack(text, now) ?? parseInstant(text, now, zoneOf(options));
  if (time !== undefined) return time;
  throw new CliError(
    `${flag} '${text}' is no time: give one like 2026-11-21T20:52:47Z, 2026-11-21, yesterday, or 15m, 2h, 7d back from now (\`cistern help times\`).`,
  );
}

const unitMs = { s: 1000, m: 60_000, h: hourMs, d: dayMs, w: 7 * dayMs } as const;

function parseBack(text: string, now: number): number | undefined {
  if (text === 'now') return now;
  const [, amount, unit] = /^(\d{1,9})([smhdw])$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  return Math.max(0, now - Number(amount) * unitMs[unit as keyof typeof unitMs]);
}

const day = /(?<date>\d{4}-\d\d-\d\d)|(?<word>today|yesterday|tomorrow)/;
const clock = /(?<clock>\d\d:\d\d)(?<seconds>:\d\d(?:\.\d{1,9})?)?(?<offset>Z|[+-]\d\d:\d\d)?/;
const instant = new RegExp(`^(?:(?:${day.source})(?:[T ]${clock.source})?)$`, 'i');
const daysFromToday: Readonly<Record<string, number>> = { yesterday: -1, today: 0, tomorrow: 1 };

/** A day, or a day and a time of it. A day that is not in the calendar, such as 02-31, is none. */
function parseInstant(text: string, now: number, zone: string): number | undefined {
  const parts = instant.exec(text)?.groups;
  if (parts === undefined) return undefined;
  const { word, clock = '00:00', seconds = ':00', offset } = parts;
  const date = parts['date'] ?? dateIn(zone, now, daysFromToday[word?.toLowerCase() ?? ''] ?? 0);
  const midnight = parseTimestamp(`${date}T00:00:00Z`);
  if (midnight === undefined || isoDate(midnight) !== date) return undefined;
  const time = parseTimestamp(`${date}T${clock}${seconds}${offset?.toUpperCase() ?? 'Z'}`);
  return time === undefined || offset !== undefined ? time : instantOf(zone, time);
}

function dateIn(zone: string, now: number, days: number): string {
  return isoDate(now + offsetAt(zone, now) + days * dayMs);
}

function isoDate(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** When the zone's clocks show `wall` (as if it were UTC): the first time of two, and where they skip it, as before. */
function instantOf(zone: string, wall: number): number {
  const offsets = [offsetAt(zone, wall - dayMs), offsetAt(zone, wall + dayMs)];
  const offset = offsets.find((each) => offsetAt(zone, wall - each) === each) ?? offsets[0] ?? 0;
  return wall - offset;
}

/** Throws {@link CliError}. */
function zoneOf({ tz }: ZoneOptions): string {
  const zone = tz ?? (process.env['CISTERN_TZ'] || 'UTC');
  try {
    // Without a zone it is the machine's own.
    return new Intl.DateTimeFormat('en', zone === 'local' ? {} : { timeZone: zone }).resolvedOptions()
      .timeZone;
  } catch {
    throw new CliError(`--tz ${zone} is no time zone: give one like Europe/Berlin, +02:00, UTC or local.`);
  }
}
