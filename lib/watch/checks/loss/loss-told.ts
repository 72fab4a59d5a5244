import type { Memory } from '../../../findings/finding.ts';

/** Sums by the start of their minute, in milliseconds since 1970. */
export type Minutes = ReadonlyMap<number, number>;

/** What was counted of something and not told before. */
export interface News {
  readonly count: number;
  /** The first and the last minute of it. */
  readonly first: number;
  readonly last: number;
}

const minuteMs = 60_000;
/** How late a counter may arrive and still be told: CloudWatch takes minutes. */
const lateMs = 15 * minuteMs;
/** After a pause of the watch, the counters of this long are read. */
const longestMs = 6 * 60 * minuteMs;

/**
 * How much of each minute was told already, of a whole counter and of each app. A minute is read several times,
 * since counters arrive late: what is new in it is told, and nothing twice.
 */
export class Told {
  readonly #until: number | undefined;
  readonly #runs: Readonly<Record<string, number>>;
  readonly #told = new Map<string, Map<number, number>>();

  /**
   * `memory`: what {@link memory} made, or nothing at the first look. `since`: when the counters began at nothing;
   * what was told before was counted by others, and is in none of them.
   */
  constructor(memory: Memory | undefined, since = 0) {
    const { until, runs, ...told } = memory ?? {};
    this.#until = typeof until === 'number' ? until : undefined;
    this.#runs = typeof runs === 'object' ? runs : {};
    if (this.#until !== undefined && this.#until < since) return;
    for (const [name, minutes] of Object.entries(told)) {
      if (typeof minutes !== 'object') continue;
      const entries = Object.entries(minutes).map(
        ([minute, sum]) => [Number(minute) * minuteMs, sum] as const,
      );
      this.#told.set(name, new Map(entries));
    }
  }

  /** From where counters must be read again. */
  from(now: number): number {
    const since = Math.min(this.#until ?? now, now) - lateMs;
    return floorToMinute(Math.max(since, now - longestMs));
  }

  /** Whether there is anything that was not told. */
  hasNews(name: string, total: Minutes): boolean {
    const told = this.#told.get(name);
    return [...total].some(([minute, sum]) => sum > (told?.get(minute) ?? 0));
  }

  /**
   * What is new of a counter, by app; under the empty string, what no app accounts for. From then on it is told.
   *
   * Invariant: of each minute, all that was ever told adds up to its total. Apps are read after the total, and
   * may be ahead of it (then the rest is theirs next time) or be known later than it (then it was told as rest).
   */
  take(name: string, total: Minutes, byApp: ReadonlyMap<string, Minutes>): Map<string, News> {
    const news = new Map<string, News>();
    for (const [minute, sum] of [...total].sort(([a], [b]) => a - b)) {
      let left = sum - this.#toldOf(name, minute);
      if (left <= 0) continue;
      this.#tell(name, minute, sum);
      const ofApps = [...byApp].map(([app, minutes]) => ({ app, counted: minutes.get(minute) ?? 0 }));
      const ahead = ofApps.reduce((all, { counted }) => all + counted, 0) > sum;
      for (const { app, counted } of ofApps) {
        const subject = subjectOf(name, app);
        const before = this.#toldOf(subject, minute);
        const fresh = Math.max(0, Math.min(left, counted - before));
        left -= fresh;
        if (counted > 0) this.#tell(subject, minute, ahead ? before + fresh : counted);
        if (fresh > 0) addTo(news, app, minute, fresh);
      }
      if (left > 0) addTo(news, '', minute, left);
    }
    return news;
  }

  /** In how many looks running there was news of this subject, with this one. */
  runs(subject: string): number {
    return (this.#runs[subject] ?? 0) + 1;
  }

  /** What the next look must know: of a few minutes only. `subjects`: those that there was news of. */
  memory(now: number, subjects: readonly string[]): Memory {
    const from = floorToMinute(now - lateMs);
    const told: Record<string, Record<string, number>> = {};
    for (const [name, minutes] of this.#told) {
      const kept = [...minutes].filter(([minute, sum]) => minute >= from && sum > 0);
      if (kept.length === 0) continue;
      told[name] = Object.fromEntries(kept.map(([minute, sum]) => [String(minute / minuteMs), sum]));
    }
    const runs = Object.fromEntries(subjects.map((subject) => [subject, this.runs(subject)]));
    return { ...told, until: now, ...(subjects.length === 0 ? {} : { runs }) };
  }

  #toldOf(name: string, minute: number): number {
    return this.#told.get(name)?.get(minute) ?? 0;
  }

  #tell(name: string, minute: number, sum: number): void {
    const minutes = this.#told.get(name) ?? new Map<number, number>();
    this.#told.set(name, minutes.set(minute, sum));
  }
}

/** `messages-lost shop`; of what no app accounts for, `messages-lost`. */
export function subjectOf(name: string, app: string): string {
  return app === '' ? name : `${name} ${app}`;
}

function addTo(news: Map<string, News>, app: string, minute: number, count: number): void {
  const before = news.get(app);
  news.set(app, {
    count: (before?.count ?? 0) + count,
    first: before?.first ?? minute,
    last: minute,
  });
}

function floorToMinute(at: number): number {
  return Math.max(0, Math.floor(at / minuteMs) * minuteMs);
}
