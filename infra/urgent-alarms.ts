import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Config } from '../lib/config/config.ts';
import { jobs } from '../lib/jobs/jobs.ts';
import { type AlarmOf, lambdaMetric, waitingIn } from './alarm.ts';
import type { Spool } from './spool.ts';
import { spoolAlarms } from './spool-alarms.ts';

export interface UrgentAlarmsProps {
  readonly config: Pick<Config, 'stage' | 'runbookBase' | 'reservedConcurrency' | 'accountConcurrency'>;
  readonly topic: ITopic;
  readonly receiver: LambdaFunction;
  readonly spool: Spool;
  readonly archiver: LambdaFunction;
  readonly watch: LambdaFunction;
  readonly deadLetters: Queue;
}

/**
 * Logplex tries a batch three times, the first two retries at once: fewer failures than that lose nothing, and one
 * that failed three times is lost.
 */
const triesOfSender = 3;

/** Alarms on the watch, which can't tell of its own silence, on the receiver's function and on the spool, straight to people. */
export class UrgentAlarms extends Construct {
  constructor(scope: Construct, id: string, props: UrgentAlarmsProps) {
    super(scope, id);
    const { config, topic } = props;
    const action = new SnsAction(topic);
    for (const each of [...ofWatch(props), ...ofReceiver(props), ...spoolAlarms(props)]) {
      const alarm = new Alarm(this, each.name, {
        alarmName: `cistern-${config.stage}-${each.name}`,
        alarmDescription: `${each.text} Runbook: ${config.runbookBase ?? 'docs/runbooks/'}${each.runbook ?? 'watch.md'}`,
        metric: each.metric,
        threshold: each.threshold,
        comparisonOperator:
          each.fewer === true
            ? ComparisonOperator.LESS_THAN_THRESHOLD
            : ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
        datapointsToAlarm: each.bad,
        evaluationPeriods: each.of,
        treatMissingData:
          each.missingIsBad === true ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
      });
      alarm.addAlarmAction(action);
      // PagerDuty resolves by it.
      alarm.addOkAction(action);
    }
  }
}

function ofWatch({ watch, deadLetters }: UrgentAlarmsProps): AlarmOf[] {
  return [
    {
      name: 'watch-silent',
      text: 'The watch has not run for 15 minutes: nobody would be paged for a drain that stopped.',
      metric: lambdaMetric(watch, 'Invocations', Stats.SUM, jobs.watch.everyMinutes),
      threshold: 1,
      fewer: true,
      bad: 3,
      of: 3,
      missingIsBad: true,
    },
    {
      name: 'watch-errors',
      text: 'The watch runs and fails: it could not read or store its state, or was cut off.',
      metric: lambdaMetric(watch, 'Errors', Stats.SUM, jobs.watch.everyMinutes),
      threshold: 1,
      // One failed run is made good by the next.
      bad: 2,
      of: 3,
    },
    {
      name: 'dead-letters',
      text: 'A run could not be started, or the weekly report failed: its event is in the dead-letter queue.',
      metric: waitingIn(deadLetters),
      threshold: 1,
      bad: 1,
      of: 1,
    },
  ];
}

function ofReceiver({ receiver, config }: UrgentAlarmsProps): AlarmOf[] {
  const failures = { threshold: triesOfSender, bad: 1, of: 1 };
  return [
    {
      name: 'receiver-errors',
      text: 'The receiver crashes or is cut off: Heroku drops a batch after three tries.',
      metric: lambdaMetric(receiver, 'Errors', Stats.SUM),
      ...failures,
    },
    {
      name: 'receiver-throttles',
      text: 'Lambda turns requests away (429): Heroku drops a batch after three tries.',
      metric: lambdaMetric(receiver, 'Throttles', Stats.SUM),
      ...failures,
    },
    {
      name: 'receiver-5xx',
      text: 'The receiver answers 5xx: it can neither store batches nor judge credentials, and Heroku drops them.',
      metric: lambdaMetric(receiver, 'Url5xxCount', Stats.SUM),
      ...failures,
    },
    {
      name: 'receiver-slow',
      text: 'One request in a hundred takes over 3 s: Heroku gives up after 5.',
      metric: lambdaMetric(receiver, 'Duration', Stats.percentile(99)),
      threshold: 3_000,
      bad: 3,
      of: 3,
    },
    concurrencyOf(receiver, config),
  ];
}

/** Where nothing is reserved, the receiver shares the account's quota with every function of the region. */
function concurrencyOf(
  receiver: LambdaFunction,
  { reservedConcurrency, accountConcurrency }: UrgentAlarmsProps['config'],
): AlarmOf {
  const near = { name: 'receiver-concurrency', bad: 3, of: 3 };
  if (reservedConcurrency !== undefined) {
    return {
      ...near,
      text: `The receiver works on four fifths of the ${reservedConcurrency} requests that it may at once.`,
      metric: lambdaMetric(receiver, 'ConcurrentExecutions', Stats.MAXIMUM, 1),
      threshold: fourFifths(reservedConcurrency),
    };
  }
  return {
    ...near,
    text: `Functions of this account and region claim four fifths of its concurrency, ${accountConcurrency}.`,
    metric: new Metric({
      namespace: 'AWS/Lambda',
      metricName: 'ClaimedAccountConcurrency',
      statistic: Stats.MAXIMUM,
      period: Duration.minutes(1),
    }),
    threshold: fourFifths(accountConcurrency),
  };
}

function fourFifths(limit: number): number {
  return Math.ceil(limit * 0.8);
}
