import { Duration } from 'aws-cdk-lib';
import { type IMetric, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';

/** What an alarm is about. */
export interface AlarmOf {
  /** Ends the alarm's name, which is the subject of the page. */
  readonly name: string;
  /** What it means and where to go on. */
  readonly text: string;
  /** Of `docs/runbooks/`; left out, `watch.md`. */
  readonly runbook?: string;
  readonly metric: IMetric;
  /** At least so many are bad; with `fewer`, less than so many. */
  readonly threshold: number;
  readonly fewer?: true;
  /** So many bad periods … */
  readonly bad: number;
  /** … of so many. */
  readonly of: number;
  readonly missingIsBad?: true;
}

export function lambdaMetric(fn: LambdaFunction, metricName: string, statistic: string, minutes = 5): Metric {
  return new Metric({
    namespace: 'AWS/Lambda',
    metricName,
    dimensionsMap: { FunctionName: fn.functionName },
    statistic,
    period: Duration.minutes(minutes),
  });
}

/** How many messages wait in a queue: at most, in five minutes. */
export function waitingIn(queue: Queue): Metric {
  return queue.metricApproximateNumberOfMessagesVisible({
    statistic: 'Maximum',
    period: Duration.minutes(5),
  });
}
