import { Duration } from 'aws-cdk-lib';
import { Metric, Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Config } from '../lib/config/config.ts';
import { type CounterName, type CountingService, cloudWatchNamespace } from '../lib/metrics/counters.ts';
import { pageAfterMs } from '../lib/spool/spool.ts';
import { type AlarmOf, lambdaMetric, waitingIn } from './alarm.ts';
import type { Spool } from './spool.ts';

export interface SpoolAlarmsProps {
  readonly config: Pick<Config, 'stage'>;
  readonly spool: Spool;
  readonly archiver: LambdaFunction;
}

const runbook = 'spool.md';

/**
 * What is acknowledged and not archived. Its age takes two alarms: SQS leaves out of its own figure whatever was
 * received three times (developer guide, "Available CloudWatch metrics for Amazon SQS"), so it says nothing of a store
 * that fails; and an archiver that is not started tells no age.
 */
export function spoolAlarms({ config, spool, archiver }: SpoolAlarmsProps): AlarmOf[] {
  const once = { bad: 1, of: 1 };
  return [
    {
      name: 'spool-waiting',
      text: 'Acknowledged batches have waited for 15 minutes without being taken: the archiver is not started.',
      runbook,
      metric: spool.queue.metricApproximateAgeOfOldestMessage({
        statistic: Stats.MAXIMUM,
        period: Duration.minutes(5),
      }),
      threshold: pageAfterMs / 1000,
      ...once,
    },
    {
      name: 'spool-age',
      text: 'Acknowledged batches are not in the archive after 15 minutes of trying: the store fails.',
      runbook,
      metric: archiverMetric(config.stage, 'spool-age', Stats.MAXIMUM),
      threshold: pageAfterMs,
      ...once,
    },
    {
      name: 'spool-dead-letters',
      text: 'Acknowledged batches were given up: they are in the dead-letter queue of the spool, for 14 days.',
      runbook,
      metric: waitingIn(spool.deadLetters),
      threshold: 1,
      ...once,
    },
    {
      name: 'archiver-errors',
      text: 'The archiver crashes or is cut off: what it worked on stays in the spool.',
      runbook,
      metric: lambdaMetric(archiver, 'Errors', Stats.SUM),
      threshold: 1,
      // One failed run is made good when its messages come back.
      bad: 2,
      of: 3,
    },
    {
      name: 'archiver-throttles',
      text: 'Lambda has no room to start the archiver: acknowledged batches stay in the spool.',
      runbook,
      metric: lambdaMetric(archiver, 'Throttles', Stats.SUM),
      threshold: 1,
      bad: 3,
      of: 3,
    },
  ];
}

function archiverMetric(stage: string, metricName: CounterName, statistic: string): Metric {
  const service: CountingService = 'archiver';
  return new Metric({
    namespace: cloudWatchNamespace,
    metricName,
    dimensionsMap: { service, stage },
    statistic,
    period: Duration.minutes(5),
  });
}
