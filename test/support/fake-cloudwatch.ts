import {
  CloudWatchClient,
  type Dimension,
  GetMetricDataCommand,
  ListMetricsCommand,
  type MetricDataResult,
} from '@aws-sdk/client-cloudwatch';
import { mockClient } from 'aws-sdk-client-mock';
import type { NamespacedDatum } from './emf.ts';

/** CloudWatch's metrics, as far as Cistern reads them: small pages, and its limits enforced. */
export class FakeCloudWatch {
  readonly client: CloudWatchClient = new CloudWatchClient({ region: 'eu-west-1' });
  readonly data: NamespacedDatum[] = [];
  /** Every call, by how many queries it held. */
  readonly calls: number[] = [];
  /** Answers `InternalError` for one of the queries. */
  failing = false;
  /** Refuses every call. */
  denied = false;
  pageSize = 3;

  constructor() {
    const mock = mockClient(this.client);
    mock.on(GetMetricDataCommand).callsFake((input) => this.#allowed(() => this.#getMetricData(input)));
    mock.on(ListMetricsCommand).callsFake((input) => this.#allowed(() => this.#listMetrics(input)));
  }

  #allowed<T>(perform: () => T): T {
    if (!this.denied) return perform();
    throw Object.assign(new Error('not you'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } });
  }

  #getMetricData(input: GetMetricDataCommand['input']) {
    const { MetricDataQueries: queries = [], StartTime: start, EndTime: end, NextToken: token } = input;
    const ids = queries.map(({ Id }) => Id ?? '');
    if (queries.length === 0 || queries.length > 500) throw refusal('1 to 500 queries');
    if (new Set(ids).size < ids.length || ids.some((id) => !/^[a-z][a-zA-Z0-9_]*$/.test(id))) {
      throw refusal('each query has an Id of its own, a small letter first');
    }
    if (start === undefined || end === undefined || start >= end) throw refusal('StartTime before EndTime');
    this.calls.push(queries.length);
    const points = queries.flatMap(({ Id: id = '', MetricStat: stat }) => {
      const periodMs = (stat?.Period ?? 0) * 1000;
      if (periodMs % 60_000 !== 0 || periodMs === 0) throw refusal('minutes');
      const combine = statistics[stat?.Stat ?? ''];
      if (stat === undefined || combine === undefined) throw refusal('a statistic that Cistern uses');
      const sums = new Map<number, number>();
      for (const { namespace, datum } of this.data) {
        const at = datum.Timestamp?.getTime() ?? 0;
        const matches =
          namespace === stat.Metric?.Namespace &&
          datum.MetricName === stat.Metric?.MetricName &&
          sameDimensions(datum.Dimensions, stat.Metric?.Dimensions);
        if (!matches || at < start.getTime() || at >= end.getTime()) continue;
        const period = Math.floor(at / periodMs) * periodMs;
        sums.set(period, combine(sums.get(period) ?? 0, datum.Value));
      }
      return [...sums].sort(([a], [b]) => a - b).map(([time, sum]) => ({ id, time, sum }));
    });
    const from = Number(token ?? 0);
    const page = points.slice(from, from + this.pageSize);
    const more = from + page.length < points.length;
    const results = ids.map((id, index): MetricDataResult => {
      const own = page.filter((point) => point.id === id);
      const status = more ? 'PartialData' : 'Complete';
      return {
        Id: id,
        StatusCode: this.failing && index === 0 ? 'InternalError' : status,
        Timestamps: own.map(({ time }) => new Date(time)),
        Values: own.map(({ sum }) => sum),
      };
    });
    return { MetricDataResults: results, ...(more ? { NextToken: String(from + page.length) } : {}) };
  }

  #listMetrics({
    Namespace: wanted,
    Dimensions: filters = [],
    NextToken: token,
  }: ListMetricsCommand['input']) {
    const found = new Map<string, unknown>();
    for (const { namespace, datum } of this.data) {
      const { MetricName, Dimensions = [] } = datum;
      const matches = filters.every(({ Name, Value }) =>
        Dimensions.some((own) => own.Name === Name && (Value === undefined || own.Value === Value)),
      );
      const metric = { Namespace: namespace, MetricName, Dimensions };
      if (namespace === wanted && matches) found.set(JSON.stringify(metric), metric);
    }
    const from = Number(token ?? 0);
    const page = [...found.values()].slice(from, from + this.pageSize);
    const more = from + page.length < found.size;
    return { Metrics: page, ...(more ? { NextToken: String(from + page.length) } : {}) };
  }
}

const statistics: Readonly<Record<string, (a: number, b: number) => number>> = {
  Sum: (a, b) => a + b,
  Maximum: Math.max,
};

function sameDimensions(a: readonly Dimension[] = [], b: readonly Dimension[] = []): boolean {
  const key = (all: readonly Dimension[]) =>
    all
      .map(({ Name, Value }) => `${Name}=${Value}`)
      .sort()
      .join();
  return key(a) === key(b);
}

function refusal(why: string): Error {
  return Object.assign(new Error(why), {
    name: 'ValidationError',
    $metadata: { httpStatusCode: 400 },
  });
}
