import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { PowertoolsCounters } from '../../../lib/metrics/aws/powertools-counters.ts';

const printed: string[] = [];
beforeEach(() => {
  vi.spyOn(process.stdout, 'write').mockImplementation((line) => {
    printed.push(String(line));
    return true;
  });
});
afterEach(() => {
  printed.length = 0;
  vi.restoreAllMocks();
});

interface Emf {
  readonly _aws: {
    readonly CloudWatchMetrics: readonly [
      { Namespace: string; Dimensions: string[][]; Metrics: { Name: string; Unit: string }[] },
    ];
  };
  readonly [name: string]: unknown;
}

function lines(): Emf[] {
  return printed.map((line) => JSON.parse(line) as Emf);
}

test('a batch is counted for the stage, for its app, and for its secret', () => {
  const counters = new PowertoolsCounters('production');
  counters.record({
    app: 'my-app' as AppName,
    secretId: 'shared-1',
    counts: { batches: 1, bytes: 10, latency: 3 },
  });
  const [batch, secret] = lines();
  expect(printed).toHaveLength(2);
  expect(batch?._aws.CloudWatchMetrics).toEqual([
    {
      Namespace: 'Cistern',
      Dimensions: [
        ['service', 'stage'],
        ['service', 'stage', 'app'],
      ],
      Metrics: [
        { Name: 'batches', Unit: 'Count' },
        { Name: 'bytes', Unit: 'Bytes' },
        { Name: 'latency', Unit: 'Milliseconds' },
      ],
    },
  ]);
  expect(batch).toMatchObject({
    service: 'receiver',
    stage: 'production',
    app: 'my-app',
    batches: 1,
    bytes: 10,
    latency: 3,
  });
  expect(secret?._aws.CloudWatchMetrics[0].Dimensions).toEqual([['service', 'stage', 'secret']]);
  expect(secret).toMatchObject({ secret: 'shared-1', batches: 1 });
});

test('a duplicate still shows that its secret is used', () => {
  const counters = new PowertoolsCounters('production');
  counters.record({ app: 'my-app' as AppName, secretId: 'shared-1', counts: { duplicates: 1, latency: 1 } });
  expect(lines()[1]).toMatchObject({ secret: 'shared-1', batches: 1 });
});

test('what belongs to no app is counted for the stage, and nothing carries over to the next', () => {
  const counters = new PowertoolsCounters('production');
  counters.record({ app: 'my-app' as AppName, secretId: 's', counts: { batches: 1 } });
  counters.record({ counts: { unauthorised: 1 } });
  const last = lines().at(-1);
  expect(last?._aws.CloudWatchMetrics[0].Dimensions).toEqual([['service', 'stage']]);
  expect(last?._aws.CloudWatchMetrics[0].Metrics.map(({ Name }) => Name)).toEqual(['unauthorised']);
  expect(last).not.toHaveProperty('app');
});
