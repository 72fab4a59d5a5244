import { Aws, Duration, Validations } from 'aws-cdk-lib';
import { PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnEventInvokeConfig, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { CfnSchedule, type CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type Job, type JobName, jobs } from '../lib/jobs/jobs.ts';
import { addBundledFunction, type BundledFunctionProps } from './bundled-function.ts';
import { statementsOf } from './grant.ts';

/** Runs that no schedule could start, and failed ones of rare jobs: kept so that somebody can see to them. */
export class DeadLetters extends Queue {
  constructor(scope: Construct, id: string) {
    super(scope, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      // SQS's longest.
      retentionPeriod: Duration.days(14),
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason:
        'It is a dead-letter queue: that of the schedules and of asynchronous invocations, which the rule does not see.',
    });
  }
}

export interface ScheduledFunctionProps extends Omit<BundledFunctionProps, 'name' | 'timeoutSeconds'> {
  readonly name: JobName;
  /** Whose schedules may use the roles of schedules. */
  readonly schedules: CfnScheduleGroup;
  readonly deadLetters: Queue;
}

/** A failed run of a job that comes again before somebody could look is made good by its next one, and not kept. */
const keepFromMinutes = 60;

/** An event that is older than this is not worth a run any more: the next one comes soon. */
const maxEventAgeSeconds = 60;

/**
 * A function that a schedule of the table of jobs starts. Nothing is tried again, since the next run does all that
 * this one did not.
 *
 * Runs of one schedule never overlap: an event's age, in the scheduler and again in Lambda's queue, and a run's
 * timeout are together shorter than the interval. So no concurrency is reserved, which small accounts could not deploy.
 */
export class ScheduledFunction extends Construct {
  readonly fn: LambdaFunction;

  constructor(scope: Construct, id: string, props: ScheduledFunctionProps) {
    super(scope, id);
    const { name, deadLetters } = props;
    const job: Job = jobs[name];
    const keeps = job.everyMinutes >= keepFromMinutes;
    // Lambda sends what failed there as the function.
    const keepFailed = {
      sid: 'KeepFailedRuns',
      actions: ['sqs:SendMessage'],
      resources: [deadLetters.queueArn],
    };
    this.fn = addBundledFunction(this, {
      ...props,
      timeoutSeconds: job.timeoutSeconds,
      grants: keeps ? [...props.grants, keepFailed] : props.grants,
    });
    // The scheduler invokes asynchronously: Lambda's own queue would try twice again, for up to six hours.
    new CfnEventInvokeConfig(this, 'Invocations', {
      functionName: this.fn.functionName,
      qualifier: '$LATEST',
      maximumRetryAttempts: 0,
      maximumEventAgeInSeconds: maxEventAgeSeconds,
      ...(keeps ? { destinationConfig: { onFailure: { destination: deadLetters.queueArn } } } : {}),
    });
    this.#schedule(props, job);
  }

  #schedule({ config, name, schedules, deadLetters }: ScheduledFunctionProps, job: Job): void {
    const document = new PolicyDocument();
    const role = new Role(this, 'ScheduleRole', {
      description: `Cistern (${config.stage}): what the schedule of the ${name} may do`,
      // The group, not the schedule: the role has to be there before it (Scheduler's guide, "Confused deputy").
      assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
        conditions: {
          StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID, 'aws:SourceArn': schedules.attrArn },
        },
      }),
      inlinePolicies: { Schedule: document },
    });
    document.addStatements(
      ...statementsOf(role, [
        { sid: 'Start', actions: ['lambda:InvokeFunction'], resources: [this.fn.functionArn] },
        { sid: 'KeepLostRuns', actions: ['sqs:SendMessage'], resources: [deadLetters.queueArn] },
      ]),
    );
    new CfnSchedule(this, 'Schedule', {
      description: `Cistern (${config.stage}): starts the ${name}`,
      groupName: schedules.ref,
      scheduleExpression: expressionOf(job),
      scheduleExpressionTimezone: 'UTC',
      flexibleTimeWindow: { mode: 'OFF' },
      target: {
        arn: this.fn.functionArn,
        roleArn: role.roleArn,
        retryPolicy: { maximumRetryAttempts: 0, maximumEventAgeInSeconds: maxEventAgeSeconds },
        deadLetterConfig: { arn: deadLetters.queueArn },
      },
    });
  }
}

function expressionOf({ everyMinutes, at }: Job): string {
  if (at !== undefined) return `cron(${at.minute} ${at.hour} ? * ${at.weekday} *)`;
  return `rate(${everyMinutes} ${everyMinutes === 1 ? 'minute' : 'minutes'})`;
}
