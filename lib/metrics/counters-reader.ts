import type { CounterName } from './counters.ts';

/** Counters of the receiver as they were counted, and what its platform counted of it. */
export type WatchedCounter = CounterName | PlatformCounter;

/** Kept by AWS of a Lambda function; `serve` has none of them. */
export type PlatformCounter = 'function-errors' | 'function-throttles';

export interface CounterQuery {
  readonly counter: WatchedCounter;
  /** Of this app only; absent: of the whole stage. */
  readonly app?: string;
}

/** Reads counters back: CloudWatch on AWS, memory in `serve`. */
export interface CountersReader {
  /** When they began at nothing, milliseconds since 1970; absent where they go on whatever is restarted. */
  readonly since?: number;
  /**
   * For each query, in order, sums by the start of their period (milliseconds since 1970), where they are not
   * zero, for periods that start from `from` on and before `to`. Rejects when counters can't be read.
   */
  sums(
    queries: readonly CounterQuery[],
    range: { readonly from: number; readonly to: number; readonly periodSeconds: 60 | 3600 },
    signal?: AbortSignal,
  ): Promise<readonly ReadonlyMap<number, number>[]>;
  /** Apps that anything was counted for in the last two weeks. */
  apps(signal?: AbortSignal): Promise<readonly string[]>;
}
