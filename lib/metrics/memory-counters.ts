import type { CounterName, Counters, Sample } from './counters.ts';
import type { CounterQuery, CountersReader, WatchedCounter } from './counters-reader.ts';

export interface MemoryCountersOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Apps that are counted one by one; beyond that, the one not heard of for longest makes room. */
  readonly maxApps?: number;
}

/**
 * Counters of this process, per minute for seven hours and per hour for 29 days: what `serve` has in place of
 * CloudWatch. They begin with the process. Memory is bounded: about 13 KB a counter and app.
 */
export class MemoryCounters implements Counters, CountersReader {
  readonly since: number;
  readonly #now: () => number;
  readonly #maxApps: number;
  readonly #stage: Scope = new Map();
  readonly #apps = new Map<string, CountedApp>();

  constructor({ now = Date.now, maxApps = 500 }: MemoryCountersOptions = {}) {
    this.#now = now;
    this.since = now();
    this.#maxApps = maxApps;
  }

  record({ counts, app }: Sample): void {
    const now = this.#now();
    addAll(this.#stage, counts, now);
    if (app === undefined) return;
    const counted = this.#apps.get(app) ?? this.#addApp(app);
    counted.lastAt = now;
    addAll(counted.scope, counts, now);
  }

  async sums(
    queries: readonly CounterQuery[],
    { from, to, periodSeconds }: Parameters<CountersReader['sums']>[1],
  ): Promise<readonly ReadonlyMap<number, number>[]> {
    return queries.map(({ counter, app }) => {
      const scope = app === undefined ? this.#stage : this.#apps.get(app)?.scope;
      const series = scope?.get(counter);
      if (series === undefined) return new Map();
      return (periodSeconds === 60 ? series.minutes : series.hours).sums(from, to);
    });
  }

  async apps(): Promise<readonly string[]> {
    const since = this.#now() - twoWeeksMs;
    return [...this.#apps].filter(([, { lastAt }]) => lastAt >= since).map(([app]) => app);
  }

  #addApp(app: string): CountedApp {
    if (this.#apps.size >= this.#maxApps) this.#apps.delete(this.#longestQuiet());
    const added: CountedApp = { scope: new Map(), lastAt: 0 };
    this.#apps.set(app, added);
    return added;
  }

  #longestQuiet(): string {
    let found = '';
    let foundAt = Number.POSITIVE_INFINITY;
    for (const [app, { lastAt }] of this.#apps) {
      if (lastAt >= foundAt) continue;
      found = app;
      foundAt = lastAt;
    }
    return found;
  }
}

const twoWeeksMs = 14 * 24 * 60 * 60 * 1000;

type Scope = Map<WatchedCounter, Series>;

interface CountedApp {
  readonly scope: Scope;
  lastAt: number;
}

/** The watch looks back twenty minutes, and six hours after a pause. */
const minutesKept = 7 * 60;
/** The volume check compares an hour with the same one four weeks before. */
const hoursKept = 29 * 24;

class Series {
  readonly minutes = new Periods(60_000, minutesKept);
  readonly hours = new Periods(3_600_000, hoursKept);
}

function addAll(scope: Scope, counts: Sample['counts'], now: number): void {
  for (const name in counts) {
    const counter = name as CounterName;
    const value = counts[counter];
    if (value === undefined || value === 0) continue;
    let series = scope.get(counter);
    if (series === undefined) {
      series = new Series();
      scope.set(counter, series);
    }
    series.minutes.add(now, value);
    series.hours.add(now, value);
  }
}

/** Sums of the last periods, in a ring: a slot belongs to the period that is written in it. */
class Periods {
  readonly #ms: number;
  readonly #sums: Float64Array;
  readonly #periods: Int32Array;

  constructor(ms: number, kept: number) {
    this.#ms = ms;
    this.#sums = new Float64Array(kept);
    this.#periods = new Int32Array(kept);
  }

  add(at: number, value: number): void {
    const period = Math.floor(at / this.#ms);
    const slot = period % this.#sums.length;
    const held = this.#periods[slot];
    this.#sums[slot] = (held === period ? (this.#sums[slot] ?? 0) : 0) + value;
    this.#periods[slot] = period;
  }

  sums(from: number, to: number): Map<number, number> {
    const found = new Map<number, number>();
    const end = Math.ceil(to / this.#ms);
    const first = Math.max(0, Math.ceil(from / this.#ms), end - this.#sums.length);
    for (let period = first; period < end; period += 1) {
      const slot = period % this.#sums.length;
      const sum = this.#periods[slot] === period ? (this.#sums[slot] ?? 0) : 0;
      if (sum !== 0) found.set(period * this.#ms, sum);
    }
    return found;
  }
}
