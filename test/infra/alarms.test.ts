import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { counterUnits } from '../../lib/metrics/counters.ts';
import { metricsOf } from '../support/emf.ts';
import { plain, type Synthesised, statements, synthesise, text } from './synthesise.ts';

const standard = synthesise();

const alarm = z.object({
  AlarmName: z.string(),
  AlarmDescription: z.string(),
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
  Statistic: z.string().optional(),
  ExtendedStatistic: z.string().optional(),
  Period: z.number(),
  Threshold: z.number(),
  ComparisonOperator: z.string(),
  EvaluationPeriods: z.number(),
  DatapointsToAlarm: z.number(),
  TreatMissingData: z.string(),
  AlarmActions: z.array(z.string()),
  OKActions: z.array(z.string()),
  ActionsEnabled: z.literal(true).default(true),
});

function alarms(template: Synthesised) {
  return template.ofType('AWS::CloudWatch::Alarm').map(({ Properties }) => alarm.parse(plain(Properties)));
}

function alarmOf(name: string, template = standard) {
  const found = alarms(template).find(({ AlarmName }) => AlarmName.endsWith(`-${name}`));
  if (found === undefined) throw new Error(`no alarm ${name}`);
  return found;
}

describe('the urgent alarms', () => {
  test('reach the urgent topic, when they begin and when they end', () => {
    for (const each of alarms(standard)) {
      expect(each.AlarmActions).toEqual(['<TopicsUrgent>']);
      expect(each.OKActions).toEqual(['<TopicsUrgent>']);
    }
  });

  test('say by their names which stage they are about', () => {
    const names = alarms(synthesise({ stage: 'staging' })).map(({ AlarmName }) => AlarmName);
    expect(names.sort()).toEqual([
      'cistern-staging-archiver-errors',
      'cistern-staging-archiver-throttles',
      'cistern-staging-dead-letters',
      'cistern-staging-receiver-5xx',
      'cistern-staging-receiver-concurrency',
      'cistern-staging-receiver-errors',
      'cistern-staging-receiver-slow',
      'cistern-staging-receiver-throttles',
      'cistern-staging-spool-age',
      'cistern-staging-spool-dead-letters',
      'cistern-staging-spool-waiting',
      'cistern-staging-watch-errors',
      'cistern-staging-watch-silent',
    ]);
  });

  test('say where to go on', () => {
    const runbookBase = 'https://wiki.example.com/cistern';
    for (const { AlarmName, AlarmDescription } of alarms(synthesise({ runbookBase }))) {
      const page = /-(?:spool|archiver)-/.test(AlarmName) ? 'spool.md' : 'watch.md';
      expect(AlarmDescription.split('. Runbook: ')[1]).toBe(`https://wiki.example.com/cistern/${page}`);
    }
    expect(alarmOf('watch-silent').AlarmDescription).toMatch(/ docs\/runbooks\/watch\.md$/);
  });

  test('include a watch that is not started, although that leaves no data', () => {
    expect(alarmOf('watch-silent')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Invocations',
      Dimensions: [{ Name: 'FunctionName', Value: '<WatchFunction>' }],
      Statistic: 'Sum',
      Period: 300,
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      DatapointsToAlarm: 3,
      EvaluationPeriods: 3,
      TreatMissingData: 'breaching',
    });
  });

  test('include a watch that fails twice in a quarter of an hour', () => {
    expect(alarmOf('watch-errors')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Errors',
      Dimensions: [{ Name: 'FunctionName', Value: '<WatchFunction>' }],
      Statistic: 'Sum',
      Period: 300,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 1,
      DatapointsToAlarm: 2,
      EvaluationPeriods: 3,
      TreatMissingData: 'notBreaching',
    });
  });

  // A batch that failed three times is one that Heroku drops.
  test.each([
    ['receiver-errors', 'Errors'],
    ['receiver-throttles', 'Throttles'],
    ['receiver-5xx', 'Url5xxCount'],
  ])('include three failures in five minutes: %s', (name, MetricName) => {
    expect(alarmOf(name)).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName,
      Dimensions: [{ Name: 'FunctionName', Value: '<ReceiverFunction>' }],
      Statistic: 'Sum',
      Period: 300,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 3,
      DatapointsToAlarm: 1,
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
    });
  });

  test('include answers that take most of the time that Heroku waits', () => {
    expect(alarmOf('receiver-slow')).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName: 'Duration',
      Dimensions: [{ Name: 'FunctionName', Value: '<ReceiverFunction>' }],
      ExtendedStatistic: 'p99',
      Period: 300,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 3000,
      DatapointsToAlarm: 3,
      EvaluationPeriods: 3,
      TreatMissingData: 'notBreaching',
    });
  });

  test("include the account's concurrency, where none is reserved", () => {
    const near = {
      Namespace: 'AWS/Lambda',
      MetricName: 'ClaimedAccountConcurrency',
      Dimensions: [],
      Statistic: 'Maximum',
      Period: 60,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      DatapointsToAlarm: 3,
      EvaluationPeriods: 3,
      TreatMissingData: 'notBreaching',
    };
    expect(alarmOf('receiver-concurrency')).toMatchObject({ ...near, Threshold: 800 });
    const small = synthesise({ accountConcurrency: 10 });
    expect(alarmOf('receiver-concurrency', small)).toMatchObject({ ...near, Threshold: 8 });
  });

  test("include the receiver's own concurrency, where that is reserved", () => {
    expect(alarmOf('receiver-concurrency', synthesise({ reservedConcurrency: 5 }))).toMatchObject({
      MetricName: 'ConcurrentExecutions',
      Dimensions: [{ Name: 'FunctionName', Value: '<ReceiverFunction>' }],
      Statistic: 'Maximum',
      Threshold: 4,
    });
  });

  const atOnce = {
    Statistic: 'Maximum',
    Period: 300,
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    DatapointsToAlarm: 1,
    EvaluationPeriods: 1,
    TreatMissingData: 'notBreaching',
  };

  test('include a batch that has been in the spool for 15 minutes, untaken', () => {
    expect(alarmOf('spool-waiting')).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateAgeOfOldestMessage',
      Dimensions: [{ Name: 'QueueName', Value: '<SpoolQueue.QueueName>' }],
      Threshold: 15 * 60,
      ...atOnce,
    });
  });

  test('… or taken in vain, which the figure of SQS leaves out: by the counter of the archiver', () => {
    const alarm = alarmOf('spool-age', synthesise({ stage: 'staging' }));
    expect(alarm).toMatchObject({
      Namespace: 'Cistern',
      MetricName: 'spool-age',
      Threshold: 15 * 60 * 1000,
      ...atOnce,
    });
    expect(counterUnits['spool-age']).toBe('Milliseconds');
    const [counted] = metricsOf('staging', { counts: { 'spool-age': 1 } }, Date.now(), 'archiver');
    expect(alarm.Dimensions).toEqual(counted?.datum.Dimensions);
    expect(alarm.Namespace).toBe(counted?.namespace);
  });

  test('include a batch that was given up', () => {
    expect(alarmOf('spool-dead-letters')).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: '<SpoolDeadLetters.QueueName>' }],
      Threshold: 1,
      ...atOnce,
    });
  });

  test.each([
    ['archiver-errors', 'Errors', 2],
    ['archiver-throttles', 'Throttles', 3],
  ])('include an archiver that does not get through: %s', (name, MetricName, bad) => {
    expect(alarmOf(name)).toMatchObject({
      Namespace: 'AWS/Lambda',
      MetricName,
      Dimensions: [{ Name: 'FunctionName', Value: '<ArchiverFunction>' }],
      Statistic: 'Sum',
      Period: 300,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 1,
      DatapointsToAlarm: bad,
      EvaluationPeriods: 3,
      TreatMissingData: 'notBreaching',
    });
  });

  test('include a run that was lost', () => {
    expect(alarmOf('dead-letters')).toMatchObject({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: '<DeadLetters.QueueName>' }],
      Statistic: 'Maximum',
      Period: 300,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      Threshold: 1,
      DatapointsToAlarm: 1,
      EvaluationPeriods: 1,
      TreatMissingData: 'notBreaching',
    });
  });
});

const alarmsOfThisAccount = {
  StringEquals: { 'aws:SourceAccount': '<AWS::AccountId>' },
  ArnLike: {
    'aws:SourceArn': 'arn:<AWS::Partition>:cloudwatch:<AWS::Region>:<AWS::AccountId>:alarm:*',
  },
};

describe('the topics', () => {
  test.each(['TopicsAlerts', 'TopicsUrgent'])("%s is encrypted with the stack's own key", (topic) => {
    const { Properties } = standard.named(topic, 'AWS::SNS::Topic');
    expect(text(Properties['KmsMasterKeyId'])).toBe('<TopicsKey.Arn>');
  });

  test('let alarms of this account through: with the key, which they would else fail at silently', () => {
    const key = standard.only('AWS::KMS::Key').Properties;
    expect(key['EnableKeyRotation']).toBe(true);
    const admitted = statements(key['KeyPolicy']).filter(
      ({ principal }) => JSON.stringify(principal) === '{"Service":"cloudwatch.amazonaws.com"}',
    );
    expect(admitted.map(({ effect, actions, condition }) => plain({ effect, actions, condition }))).toEqual([
      {
        effect: 'Allow',
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        condition: alarmsOfThisAccount,
      },
    ]);
  });

  test('… and by the policy of the urgent one, which has lost what SNS gives a topic without a policy', () => {
    const policy = policyOf('TopicsUrgent');
    expect(policy.filter(({ effect }) => effect === 'Allow')).toEqual([
      {
        effect: 'Allow',
        actions: ['sns:Publish'],
        resources: ['<TopicsUrgent>'],
        principal: { Service: 'cloudwatch.amazonaws.com' },
        condition: alarmsOfThisAccount,
      },
    ]);
    expect(policyOf('TopicsAlerts').filter(({ effect }) => effect === 'Allow')).toEqual([]);
  });

  test.each(['TopicsAlerts', 'TopicsUrgent'])('%s takes nothing without TLS', (topic) => {
    expect(policyOf(topic)).toContainEqual(
      expect.objectContaining({
        effect: 'Deny',
        actions: ['sns:Publish'],
        condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
  });

  test('leave the key of the buckets alone', () => {
    const kmsKeyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    const { Properties } = synthesise({ kmsKeyArn }).named('TopicsUrgent', 'AWS::SNS::Topic');
    expect(text(Properties['KmsMasterKeyId'])).toBe('<TopicsKey.Arn>');
  });

  test('tell the configured addresses of what is urgent, and nobody else', () => {
    expect(standard.ofType('AWS::SNS::Subscription')).toEqual([]);
    const urgentEmails = ['on-call@example.com', 'second@example.com'];
    const subscriptions = synthesise({ urgentEmails }).ofType('AWS::SNS::Subscription');
    expect(subscriptions.map(({ Properties }) => plain(Properties))).toEqual(
      urgentEmails.map((Endpoint) => ({ Protocol: 'email', TopicArn: '<TopicsUrgent>', Endpoint })),
    );
  });
});

function policyOf(topic: string) {
  const { Properties } = standard.named(`${topic}Policy`, 'AWS::SNS::TopicPolicy');
  return statements(Properties['PolicyDocument']).map((each) => ({
    ...each,
    condition: plain(each.condition),
  }));
}
