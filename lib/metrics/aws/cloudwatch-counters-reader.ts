import {
  CloudWatchClient,
  type CloudWatchClientConfig,
  type Dimension,
  GetMetricDataCommand,
  type GetMetricDataCommandOutput,
  ListMetricsCommand,
  type Metric,
  type MetricDataQuery,
} from '@aws-sdk/client-cloudwatch';
import { readAwsFailure } from '../../base/aws/aws-failure.ts';
import { archiverCounters, type CountingService, cloudWatchNamespace } from '../counters.ts';
import type { CounterQuery, CountersReader, PlatformCounter, WatchedCounter } from '../counters-reader.ts';

export interface CloudWatchCountersOptions {
  readonly stage: string;
  /** The receiver's function: whose errors and throttles are read. */
  readonly functionName: string;
}

/**
 * The counters of receiver and archiver as CloudWatch has them: minutes late, so that a period may still grow when it is read
 * again. Every query of a call costs, so ask for what is worth it.
 */
export class CloudWatchCountersReader implements CountersReader {
  readonly #client: CloudWatchClient;
  readonly #options: CloudWatchCountersOptions;

  constructor(client: CloudWatchClient, options: CloudWatchCountersOptions) {
    this.#client = client;
    this.#options = options;
  }

  async sums(
    queries: readonly CounterQuery[],
    range: Parameters<CountersReader['sums']>[1],
    signal?: AbortSignal,
  ): Promise<readonly ReadonlyMap<number, number>[]> {
    const sums = queries.map(() => new Map<number, number>());
    const wanted = queries.map((query, index) => ({ sums: sums[index], metric: this.#metricOf(query) }));
    for (let start = 0; start < wanted.length; start += maxQueries) {
      const part = wanted.slice(start, start + maxQueries);
      const results = this.#results(
        part.map(({ metric }) => metric),
        range,
        signal,
      );
      for await (const { at, time, value } of results) {
        if (value !== 0) part[at]?.sums?.set(time, value);
      }
    }
    return sums;
  }

  /** A metric that is new appears in this list up to 15 minutes later, and leaves it after two weeks. */
  async apps(signal?: AbortSignal): Promise<readonly string[]> {
    const apps = new Set<string>();
    let token: string | undefined;
    do {
      const page = await this.#send('ListMetrics', signal, (options) =>
        this.#client.send(
          new ListMetricsCommand({
            Namespace: cloudWatchNamespace,
            Dimensions: [...this.#stageDimensions('receiver'), { Name: 'app' }],
            ...(token === undefined ? {} : { NextToken: token }),
          }),
          options,
        ),
      );
      for (const { Dimensions: dimensions } of page.Metrics ?? []) {
        const app = dimensions?.find(({ Name: name }) => name === 'app')?.Value;
        if (app !== undefined) apps.add(app);
      }
      token = page.NextToken;
    } while (token !== undefined);
    return [...apps].sort();
  }

  async *#results(
    metrics: readonly Metric[],
    { from, to, periodSeconds }: Parameters<CountersReader['sums']>[1],
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ readonly at: number; readonly time: number; readonly value: number }> {
    const periodMs = periodSeconds * 1000;
    const start = Math.ceil(from / periodMs) * periodMs;
    const end = Math.ceil(to / periodMs) * periodMs;
    if (end <= start) return;
    const input = {
      MetricDataQueries: metrics.map((metric, at): MetricDataQuery => {
        return { Id: `q${at}`, MetricStat: { Metric: metric, Period: periodSeconds, Stat: 'Sum' } };
      }),
      StartTime: new Date(start),
      EndTime: new Date(end),
      ScanBy: 'TimestampAscending',
    } as const;
    let token: string | undefined;
    do {
      const next = token === undefined ? {} : { NextToken: token };
      const page = await this.#send('GetMetricData', signal, (options) =>
        this.#client.send(new GetMetricDataCommand({ ...input, ...next }), options),
      );
      token = page.NextToken;
      yield* pointsOf(page);
    } while (token !== undefined);
  }

  #metricOf({ counter, app }: CounterQuery): Metric {
    if (isPlatformCounter(counter)) {
      return {
        Namespace: 'AWS/Lambda',
        MetricName: platformMetrics[counter],
        Dimensions: [{ Name: 'FunctionName', Value: this.#options.functionName }],
      };
    }
    return {
      Namespace: cloudWatchNamespace,
      MetricName: counter,
      Dimensions: [
        ...this.#stageDimensions(archiverCounters.has(counter) ? 'archiver' : 'receiver'),
        ...(app === undefined ? [] : [{ Name: 'app', Value: app }]),
      ],
    };
  }

  #stageDimensions(service: CountingService): Dimension[] {
    return [
      { Name: 'service', Value: service },
      { Name: 'stage', Value: this.#options.stage },
    ];
  }

  async #send<T>(
    operation: string,
    signal: AbortSignal | undefined,
    send: (options: { readonly abortSignal?: AbortSignal }) => Promise<T>,
  ): Promise<T> {
    try {
      return await send(signal === undefined ? {} : { abortSignal: signal });
    } catch (cause) {
      const { detail, status, setup } = readAwsFailure(cause);
      const refused = status === 403 || detail.startsWith('AccessDenied');
      const why = setup ?? (refused ? `allow cloudwatch:${operation} to these credentials` : 'try again');
      throw new Error(`the counters can't be read: ${operation} failed (${detail}): ${why}`, { cause });
    }
  }
}

/** What GetMetricData takes in one call. */
const maxQueries = 500;

const platformMetrics: Readonly<Record<PlatformCounter, string>> = {
  'function-errors': 'Errors',
  'function-throttles': 'Throttles',
};

function isPlatformCounter(counter: WatchedCounter): counter is PlatformCounter {
  return Object.hasOwn(platformMetrics, counter);
}

/** Throws where a result is not whole: a sum that lacks a part would be taken for good news. */
function* pointsOf({ MetricDataResults: results = [], NextToken: next }: GetMetricDataCommandOutput) {
  for (const { Id: id, StatusCode: status, Timestamps: times = [], Values: values = [] } of results) {
    // More of it is on the next page.
    const goesOn = status === 'PartialData' && next !== undefined;
    if (status !== 'Complete' && status !== undefined && !goesOn) {
      throw new Error(`the counters can't be read: GetMetricData gives no whole answer (${status})`);
    }
    for (const [index, time] of times.entries()) {
      yield { at: Number(id?.slice(1)), time: time.getTime(), value: values[index] ?? 0 };
    }
  }
}

/** A client for {@link CloudWatchCountersReader}, set up by the environment as every AWS client is. */
export function createCloudWatchClient(overrides: CloudWatchClientConfig = {}): CloudWatchClient {
  return new CloudWatchClient({
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
    ...overrides,
  });
}
