import { randomUUID } from 'node:crypto';
import {
  CreateScheduleCommand,
  CreateScheduleGroupCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  SchedulerClient,
} from '@aws-sdk/client-scheduler';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type Job, jobs } from '../../lib/jobs/jobs.ts';
import { plain, synthesise } from '../infra/synthesise.ts';

const client = new SchedulerClient();
afterAll(() => client.destroy());

/** Strict: what the template says and Scheduler's API does not take would fail a deployment. */
const schedule = z.strictObject({
  Description: z.string(),
  GroupName: z.literal('<Schedules>'),
  ScheduleExpression: z.string(),
  ScheduleExpressionTimezone: z.string(),
  FlexibleTimeWindow: z.strictObject({ Mode: z.enum(['OFF', 'FLEXIBLE']) }),
  Target: z.strictObject({
    Arn: z.string().transform(asArn('lambda', 'function:')),
    RoleArn: z.string().transform(asArn('iam', 'role/')),
    RetryPolicy: z.strictObject({ MaximumRetryAttempts: z.int(), MaximumEventAgeInSeconds: z.int() }),
    DeadLetterConfig: z.strictObject({ Arn: z.string().transform(asArn('sqs', '')) }),
  }),
});

/** `<WatchFunction.Arn>` as CloudFormation would fill it in. */
function asArn(service: string, prefix: string): (reference: string) => string {
  const region = service === 'iam' ? '' : 'eu-west-1';
  return (reference) =>
    `arn:aws:${service}:${region}:123456789012:${prefix}${reference.replace(/^<(\w+)\.Arn>$/, '$1')}`;
}

describe('the schedules that the stack makes, on moto', () => {
  const made = synthesise()
    .ofType('AWS::Scheduler::Schedule')
    .map(({ Properties }) => schedule.parse(plain(Properties)));

  it('are taken as they stand, one for each job, and start its function', async () => {
    const group = `cistern-${randomUUID()}`;
    await client.send(new CreateScheduleGroupCommand({ Name: group }));
    for (const each of made) {
      const Name = randomUUID();
      await client.send(new CreateScheduleCommand({ ...each, Name, GroupName: group }));
      const kept = await client.send(new GetScheduleCommand({ Name, GroupName: group }));
      expect(kept).toMatchObject({ ...each, GroupName: group, State: 'ENABLED' });
    }

    const { Schedules: all = [] } = await client.send(new ListSchedulesCommand({ GroupName: group }));
    expect(all.map(({ Target: target }) => target?.Arn?.split(':').at(-1)).sort()).toEqual([
      'ReportFunction',
      'WatchFunction',
    ]);
  });

  it('run as often as the table of jobs says', () => {
    const expressions: readonly Job[] = Object.values(jobs);
    expect(made.map(({ ScheduleExpression: expression }) => minutesOf(expression)).sort()).toEqual(
      expressions.map(({ everyMinutes }) => everyMinutes).sort(),
    );
  });
});

/** Of `rate(5 minutes)`, or of a weekly `cron(…)`. */
function minutesOf(expression: string): number {
  const minutes = /^rate\((\d+) minutes\)$/.exec(expression)?.[1];
  if (minutes !== undefined) return Number(minutes);
  expect(expression).toMatch(/^cron\(\d+ \d+ \? \* [A-Z]{3} \*\)$/);
  return 7 * 24 * 60;
}
