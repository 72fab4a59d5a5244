import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type JobName, jobs } from '../../lib/jobs/jobs.ts';
import { allowedTo, plain, statements, synthesise } from './synthesise.ts';

const standard = synthesise();
const names: Readonly<Record<JobName, string>> = { watch: 'Watch', report: 'Report' };
const schedule = z.object({
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.literal('UTC'),
  FlexibleTimeWindow: z.object({ Mode: z.literal('OFF') }),
  State: z.literal('ENABLED').default('ENABLED'),
  Target: z.object({
    Arn: z.string(),
    RoleArn: z.string(),
    RetryPolicy: z.object({ MaximumRetryAttempts: z.number(), MaximumEventAgeInSeconds: z.number() }),
    DeadLetterConfig: z.object({ Arn: z.string() }),
  }),
});

function scheduleOf(job: JobName) {
  return schedule.parse(
    plain(standard.named(`${names[job]}Schedule`, 'AWS::Scheduler::Schedule').Properties),
  );
}

test('every job of the table has a schedule, and no other is there', () => {
  expect(standard.ofType('AWS::Scheduler::Schedule')).toHaveLength(Object.keys(jobs).length);
  expect(scheduleOf('watch').ScheduleExpression).toBe('rate(5 minutes)');
  expect(scheduleOf('report').ScheduleExpression).toBe('cron(0 8 ? * MON *)');
});

describe.each(Object.keys(names) as JobName[])('the schedule of the %s', (job) => {
  const { Target } = scheduleOf(job);
  const invocations = standard.named(`${names[job]}Invocations`, 'AWS::Lambda::EventInvokeConfig').Properties;

  test('tries nothing again and drops what is late, in the scheduler and in the queue of Lambda', () => {
    expect(Target.Arn).toBe(`<${names[job]}Function.Arn>`);
    expect(Target.RetryPolicy).toEqual({ MaximumRetryAttempts: 0, MaximumEventAgeInSeconds: 60 });
    expect(invocations).toMatchObject({
      Qualifier: '$LATEST',
      MaximumRetryAttempts: 0,
      MaximumEventAgeInSeconds: 60,
    });
  });

  test('never has two runs at a time', () => {
    // An event may wait in the scheduler, then in Lambda's queue.
    const waits =
      Target.RetryPolicy.MaximumEventAgeInSeconds + Number(invocations['MaximumEventAgeInSeconds']);
    const latest = waits + jobs[job].timeoutSeconds;
    expect(latest).toBeLessThan(jobs[job].everyMinutes * 60);
  });

  test('keeps what it could not start', () => {
    expect(Target.DeadLetterConfig.Arn).toBe('<DeadLetters.Arn>');
  });

  test('may start this function and keep what was lost, for this stage alone', () => {
    expect(Target.RoleArn).toBe(`<${names[job]}ScheduleRole.Arn>`);
    const allowed = allowedTo(standard, `${names[job]}ScheduleRole`);
    expect(allowed.map(({ actions, resources }) => ({ actions, resources }))).toEqual([
      { actions: ['lambda:InvokeFunction'], resources: [`<${names[job]}Function.Arn>`] },
      { actions: ['sqs:SendMessage'], resources: ['<DeadLetters.Arn>'] },
    ]);
    const role = standard.named(`${names[job]}ScheduleRole`, 'AWS::IAM::Role').Properties;
    const trust = statements(role['AssumeRolePolicyDocument']);
    expect(trust.map(({ principal, condition }) => plain({ principal, condition }))).toEqual([
      {
        principal: { Service: 'scheduler.amazonaws.com' },
        condition: {
          StringEquals: { 'aws:SourceAccount': '<AWS::AccountId>', 'aws:SourceArn': '<Schedules.Arn>' },
        },
      },
    ]);
  });
});

test('a failed report is kept, since the next comes in a week; a failed watch is made good in minutes', () => {
  const destination = (construct: string) =>
    plain(
      standard.named(`${construct}Invocations`, 'AWS::Lambda::EventInvokeConfig').Properties[
        'DestinationConfig'
      ],
    );
  expect(destination('Report')).toEqual({ OnFailure: { Destination: '<DeadLetters.Arn>' } });
  expect(destination('Watch')).toBeUndefined();
});

test('dead letters stay for as long as SQS can, encrypted, and travel by TLS only', () => {
  const { Properties } = standard.named('DeadLetters', 'AWS::SQS::Queue');
  expect(Properties).toMatchObject({ MessageRetentionPeriod: 14 * 24 * 60 * 60, SqsManagedSseEnabled: true });
  const policy = statements(
    standard.named('DeadLetters', 'AWS::SQS::QueuePolicy').Properties['PolicyDocument'],
  );
  expect(policy).toEqual([
    expect.objectContaining({
      effect: 'Deny',
      actions: ['sqs:*'],
      condition: { Bool: { 'aws:SecureTransport': 'false' } },
    }),
  ]);
});
