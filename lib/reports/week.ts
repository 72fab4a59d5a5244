/** A week of ISO 8601: Monday 00:00 UTC to the next. Times are milliseconds since 1970. */
export interface Week {
  /** `YYYY-Www`. */
  readonly name: string;
  readonly from: number;
  /** The first instant that is not in it any more. */
  readonly to: number;
}

/** A text that names no week. The message says what does. */
export class WeekError extends Error {
  readonly code = 'refused';

  constructor(message: string) {
    super(message);
    this.name = 'WeekError';
  }
}

const dayMs = 24 * 60 * 60 * 1000;
const weekMs = 7 * dayMs;

/** Throws {@link WeekError}. */
export function parseWeek(text: string): Week {
  const [, year, number] = /^(\d{4})-W(\d{2})$/.exec(text) ?? [];
  if (year === undefined || number === undefined) {
    throw new WeekError(`'${text}' is no week: give an ISO week such as 2026-W05`);
  }
  const from = firstMonday(Number(year)) + (Number(number) - 1) * weekMs;
  const week = weekOf(from);
  if (week.name === text) return week;
  const last = weekOf(firstMonday(Number(year) + 1) - 1).name;
  throw new WeekError(`'${text}' is no week: ${year} has the weeks ${year}-W01 to ${last}`);
}

/** The week that an instant lies in. */
export function weekOf(at: number): Week {
  const day = Math.floor(at / dayMs);
  // 1970-01-01 was a Thursday.
  const from = (day - ((day + 3) % 7)) * dayMs;
  // A week belongs to the year of its Thursday.
  const year = new Date(from + 3 * dayMs).getUTCFullYear();
  const number = Math.round((from - firstMonday(year)) / weekMs) + 1;
  return { name: `${year}-W${String(number).padStart(2, '0')}`, from, to: from + weekMs };
}

/** The last week that is over. */
export function weekBefore(now: number): Week {
  return weekOf(weekOf(now).from - 1);
}

/** Of week 1, which is the one with January 4th. */
function firstMonday(year: number): number {
  const fourth = new Date(0).setUTCFullYear(year, 0, 4) / dayMs;
  return (fourth - ((fourth + 3) % 7)) * dayMs;
}
