import type { CounterQuery, CountersReader, WatchedCounter } from '../../lib/metrics/counters-reader.ts';

/** Something that was counted, and when a reader can first see it. */
export interface CountedEvent {
  readonly counter: WatchedCounter;
  readonly app?: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly visibleAt?: number;
}

/** Counters that become visible late, as CloudWatch's do. */
export class ScriptedCounters implements CountersReader {
  since = 0;
  readonly events: CountedEvent[] = [];
  /** What a reader sees is what was visible then. */
  now = 0;
  fail: Error | undefined;
  /** Apps that are not listed yet. */
  readonly unknownApps = new Set<string>();
  /** Every query that was made. */
  readonly queries: CounterQuery[] = [];

  add(...events: readonly CountedEvent[]): void {
    this.events.push(...events);
  }

  async sums(
    queries: readonly CounterQuery[],
    { from, to, periodSeconds }: Parameters<CountersReader['sums']>[1],
  ): Promise<readonly ReadonlyMap<number, number>[]> {
    if (this.fail !== undefined) throw this.fail;
    this.queries.push(...queries);
    const periodMs = periodSeconds * 1000;
    return queries.map(({ counter, app }) => {
      const sums = new Map<number, number>();
      for (const event of this.events) {
        const period = Math.floor(event.at / periodMs) * periodMs;
        const matches = event.counter === counter && (app === undefined || event.app === app);
        if (!matches || (event.visibleAt ?? event.at) > this.now || period < from || period >= to) continue;
        sums.set(period, (sums.get(period) ?? 0) + event.count);
      }
      return sums;
    });
  }

  async apps(): Promise<readonly string[]> {
    const apps = this.events
      .filter(({ at, visibleAt = at }) => visibleAt <= this.now)
      .flatMap(({ app }) => (app === undefined || this.unknownApps.has(app) ? [] : [app]));
    return [...new Set(apps)];
  }
}
