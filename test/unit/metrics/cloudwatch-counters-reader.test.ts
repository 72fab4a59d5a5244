import { afterEach, beforeEach, expect, it } from 'vitest';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { CloudWatchCountersReader } from '../../../lib/metrics/aws/cloudwatch-counters-reader.ts';
import type { CounterQuery } from '../../../lib/metrics/counters-reader.ts';
import { metricsOf } from '../../support/emf.ts';
import { FakeCloudWatch } from '../../support/fake-cloudwatch.ts';

const at = Date.parse('2026-11-21T12:00:00Z');
const range = { from: at, to: at + 600_000, periodSeconds: 60 } as const;

let cloudWatch: FakeCloudWatch;
let reader: CloudWatchCountersReader;
beforeEach(() => {
  cloudWatch = new FakeCloudWatch();
  reader = new CloudWatchCountersReader(cloudWatch.client, { stage: 'test', functionName: 'the-receiver' });
});
afterEach(() => cloudWatch.client.destroy());

it('asks at most 500 queries a call, and pages through each answer', async () => {
  const apps = Array.from({ length: 700 }, (_, index) => `app-${index}` as AppName);
  for (const app of [apps[0], apps[499], apps[500], apps[699]]) {
    if (app !== undefined)
      cloudWatch.data.push(...metricsOf('test', { app, counts: { batches: 1 } }, at + 60_000));
  }
  cloudWatch.pageSize = 1;

  const sums = await reader.sums(
    apps.map((app): CounterQuery => ({ counter: 'batches', app })),
    range,
  );

  expect(sums.flatMap((found, index) => (found.size > 0 ? [[index, ...found]] : []))).toEqual(
    [0, 499, 500, 699].map((index) => [index, [at + 60_000, 1]]),
  );
  expect(cloudWatch.calls).toEqual([500, 500, 200, 200]);
});

it("reads errors and throttles of the receiver's function alone", async () => {
  for (const [name, metric, value] of [
    ['the-receiver', 'Errors', 2],
    ['the-receiver', 'Throttles', 3],
    ['another', 'Errors', 50],
  ] as const) {
    const Dimensions = [{ Name: 'FunctionName', Value: name }];
    const datum = { MetricName: metric, Dimensions, Timestamp: new Date(at), Value: value };
    cloudWatch.data.push({ namespace: 'AWS/Lambda', datum });
  }

  const sums = await reader.sums([{ counter: 'function-errors' }, { counter: 'function-throttles' }], range);

  expect(sums.map((found) => [...found])).toEqual([[[at, 2]], [[at, 3]]]);
});

it("reads what the archiver counts from the archiver's counters", async () => {
  cloudWatch.data.push(
    ...metricsOf('test', { counts: { 'set-aside': 2 } }, at, 'archiver'),
    ...metricsOf('test', { counts: { 'set-aside': 50 } }, at, 'receiver'),
    ...metricsOf('test', { counts: { 'store-circuit-opened': 3 } }, at, 'receiver'),
    ...metricsOf('test', { counts: { 'store-circuit-opened': 60 } }, at, 'archiver'),
  );

  const sums = await reader.sums([{ counter: 'set-aside' }, { counter: 'store-circuit-opened' }], range);

  expect(sums.map((found) => [...found])).toEqual([[[at, 2]], [[at, 3]]]);
});

it('rejects rather than take a part for the whole', async () => {
  cloudWatch.failing = true;

  await expect(reader.sums([{ counter: 'batches' }], range)).rejects.toThrow(/InternalError/);
});

it('says what to allow when it is refused', async () => {
  cloudWatch.denied = true;

  await expect(reader.sums([{ counter: 'batches' }], range)).rejects.toThrow(
    'allow cloudwatch:GetMetricData to these credentials',
  );
  await expect(reader.apps()).rejects.toThrow('allow cloudwatch:ListMetrics to these credentials');
});
