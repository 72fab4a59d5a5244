import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { comebackSeconds, maxReceives } from '../../lib/spool/queue.ts';
import { allowedTo, plain, resourcesOf, type Statement, statements, synthesise, text } from './synthesise.ts';

const standard = synthesise();
const kmsKeyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
const encrypted = synthesise({ kmsKeyArn });
const daySeconds = 24 * 60 * 60;

const queueShape = z.object({
  MessageRetentionPeriod: z.number(),
  VisibilityTimeout: z.number().default(30),
  FifoQueue: z.boolean().default(false),
  RedrivePolicy: z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.number() }).optional(),
});
const functionShape = z.object({
  Timeout: z.number(),
  MemorySize: z.number(),
  Environment: z.object({ Variables: z.record(z.string(), z.string()) }),
});
const mappingShape = z.strictObject({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  BatchSize: z.number(),
  MaximumBatchingWindowInSeconds: z.number(),
  FunctionResponseTypes: z.array(z.string()),
  ScalingConfig: z.strictObject({ MaximumConcurrency: z.number() }),
});

const queueOf = (template: typeof standard) =>
  queueShape.parse(plain(template.named('SpoolQueue', 'AWS::SQS::Queue').Properties));
const archiverOf = (template: typeof standard) =>
  functionShape.parse(plain(template.named('ArchiverFunction', 'AWS::Lambda::Function').Properties));
const mappingOf = (template: typeof standard) =>
  mappingShape.parse(plain(template.only('AWS::Lambda::EventSourceMapping').Properties));

describe.each(['SpoolQueue', 'SpoolDeadLetters'])('%s', (id) => {
  const queue = standard.named(id, 'AWS::SQS::Queue');

  test('stays when the stack goes, or is replaced: Heroku believes that what it holds is stored', () => {
    expect(queue.DeletionPolicy).toBe('Retain');
    expect(queue.UpdateReplacePolicy).toBe('Retain');
  });

  test('has no name of ours, which would keep a new stack from being made beside it', () => {
    expect(queue.Properties).not.toHaveProperty('QueueName');
  });

  test("is encrypted, with SQS's own key or with the given one", () => {
    expect(queue.Properties['SqsManagedSseEnabled']).toBe(true);
    const own = encrypted.named(id, 'AWS::SQS::Queue').Properties;
    expect(own['KmsMasterKeyId']).toBe(kmsKeyArn);
  });

  test('takes nothing without TLS, and admits nobody beside those of this account who have the right', () => {
    const policy = statements(
      standard.named(`${id}Policy`, 'AWS::SQS::QueuePolicy').Properties['PolicyDocument'],
    );
    expect(policy).toEqual([
      expect.objectContaining({
        effect: 'Deny',
        actions: ['sqs:*'],
        condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    ]);
  });
});

describe('the queue', () => {
  test.each(['direct', 'buffered'])('is there when the delivery is %s', (delivery) => {
    const template = synthesise({ delivery });
    expect(mappingOf(template)).toEqual(mappingOf(standard));
    const receiver = template.named('ReceiverFunction', 'AWS::Lambda::Function').Properties;
    expect(plain(receiver['Environment'])).toMatchObject({
      Variables: { CISTERN_QUEUE_URL: '<SpoolQueue>', CISTERN_DELIVERY: delivery },
    });
  });

  test('keeps a message for 7 days, and what was given up for 14', () => {
    expect(queueOf(standard).MessageRetentionPeriod).toBe(7 * daySeconds);
    const dead = standard.named('SpoolDeadLetters', 'AWS::SQS::Queue').Properties;
    expect(queueShape.parse(plain(dead))).toMatchObject({ MessageRetentionPeriod: 14 * daySeconds });
  });

  test('gives nothing up for as long as it keeps it, however long the store fails', () => {
    const { RedrivePolicy: redrive, MessageRetentionPeriod: kept, FifoQueue: fifo } = queueOf(standard);
    expect(redrive).toEqual({ deadLetterTargetArn: '<SpoolDeadLetters.Arn>', maxReceiveCount: 1000 });
    expect(fifo).toBe(false);
    // Each receive, at the soonest.
    let seconds = 0;
    for (let receives = 1; receives <= maxReceives; receives += 1)
      seconds += comebackSeconds(receives, () => 0);
    expect(seconds).toBeGreaterThanOrEqual(kept);
  });

  test.each([{}, { archiver: { windowSeconds: 300 } }])(
    'hides messages for six times as long as the archiver may take, and while they are gathered: %j',
    (config) => {
      const template = synthesise(config);
      const { MaximumBatchingWindowInSeconds: window } = mappingOf(template);
      const hidden = queueOf(template).VisibilityTimeout;
      expect(hidden).toBeGreaterThanOrEqual(6 * archiverOf(template).Timeout + window);
      // It is what a crash costs: no page for one.
      expect(hidden).toBeLessThan(15 * 60);
    },
  );
});

describe('the archiver', () => {
  test('gets messages by the configuration, and keeps one bad message from holding the rest', () => {
    expect(mappingOf(standard)).toEqual({
      EventSourceArn: '<SpoolQueue.Arn>',
      FunctionName: '<ArchiverFunction>',
      BatchSize: 10_000,
      MaximumBatchingWindowInSeconds: 30,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 5 },
    });
    const archiver = { windowSeconds: 60, batchSize: 100, concurrency: 2, maxObjectMiB: 8 };
    const other = synthesise({ archiver });
    expect(mappingOf(other)).toMatchObject({
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 60,
      ScalingConfig: { MaximumConcurrency: 2 },
    });
    expect(archiverOf(other).Environment.Variables['CISTERN_MAX_OBJECT_BYTES']).toBe('8388608');
  });

  test('is told where everything is, and no secret', () => {
    expect(archiverOf(standard).Environment.Variables).toEqual({
      CISTERN_STAGE: 'production',
      CISTERN_BUCKET: '<Archive>',
      CISTERN_LEDGER: '<Ledger>',
      CISTERN_QUEUE_URL: '<SpoolQueue>',
      CISTERN_MAX_OBJECT_BYTES: '16777216',
    });
  });

  test('may create objects and set messages aside, empty the queue, write its log, and nothing else', () => {
    expect(rightsOf(allowedTo(standard, 'ArchiverRole'))).toEqual([
      { actions: ['s3:PutObject'], resources: ['<Archive.Arn>/logs/*'] },
      { actions: ['s3:PutObject'], resources: ['<Ledger.Arn>/set-aside/*'] },
      {
        actions: [
          'sqs:ReceiveMessage',
          'sqs:DeleteMessage',
          'sqs:GetQueueAttributes',
          'sqs:ChangeMessageVisibility',
        ],
        resources: ['<SpoolQueue.Arn>'],
      },
      { actions: ['logs:CreateLogStream', 'logs:PutLogEvents'], resources: ['<ArchiverLog.Arn>'] },
    ]);
  });

  test('decrypts messages with a given key, and encrypts objects, each through its own service', () => {
    const withKey = allowedTo(encrypted, 'ArchiverRole').filter(({ resources }) =>
      resources.includes(kmsKeyArn),
    );
    expect(withKey.map(({ actions, condition }) => ({ actions, condition: plain(condition) }))).toEqual([
      { actions: ['kms:GenerateDataKey'], condition: via('s3') },
      { actions: ['kms:Decrypt'], condition: via('sqs') },
    ]);
  });

  test('runs as its own role, in reach of small accounts', () => {
    const { Properties } = standard.named('ArchiverFunction', 'AWS::Lambda::Function');
    expect(text(Properties['Role'])).toBe('<ArchiverRole.Arn>');
    expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  });
});

describe('a message', () => {
  const people = ['PeopleIncidentsFull', 'PeopleIncidentsReadOnly', 'PeopleSpool'];
  const all: Readonly<Record<string, Statement[]>> = Object.fromEntries([
    ...['ReceiverRole', 'ArchiverRole', 'WatchRole', 'ReportRole'].map((role) => [
      role,
      allowedTo(standard, role),
    ]),
    ...people.map((id) => [
      id,
      statements(standard.named(id, 'AWS::IAM::ManagedPolicy').Properties['PolicyDocument']),
    ]),
  ]);
  /** Who may do this with the queue, and who with the dead letters. */
  const who = (action: string) =>
    ['<SpoolQueue.Arn>', '<SpoolDeadLetters.Arn>'].map((queue) =>
      Object.keys(all).filter((name) => resourcesOf(all[name] ?? [], action).includes(queue)),
    );

  test('is added by the receiver, or given back by whoever works on the spool', () => {
    expect(who('sqs:SendMessage')).toEqual([['ReceiverRole', 'PeopleSpool'], []]);
  });

  test.each(['sqs:ReceiveMessage', 'sqs:DeleteMessage'])(
    'is for the archiver; a dead letter is for whoever works on the spool: %s',
    (action) => expect(who(action)).toEqual([['ArchiverRole'], ['PeopleSpool']]),
  );

  test('can be purged with all others by nobody', () => {
    expect(who('sqs:PurgeQueue')).toEqual([[], []]);
    expect(who('sqs:DeleteQueue')).toEqual([[], []]);
    const actions = Object.values(all).flatMap((allowed) => allowed.flatMap((each) => each.actions));
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });

  test('is counted by the watch', () => {
    expect(who('sqs:GetQueueAttributes')).toEqual([
      ['ArchiverRole', 'WatchRole', 'PeopleSpool'],
      ['WatchRole', 'PeopleSpool'],
    ]);
  });

  test('that was set aside is read by whoever works on the spool, and by nobody else', () => {
    const readers = Object.keys(all).filter((name) =>
      resourcesOf(all[name] ?? [], 's3:GetObject').includes('<Ledger.Arn>/set-aside/*'),
    );
    expect(readers).toEqual(['PeopleSpool']);
  });

  test('is encrypted and decrypted with a given key by those who send and who give back', () => {
    const { Properties } = encrypted.named('PeopleSpool', 'AWS::IAM::ManagedPolicy');
    for (const allowed of [allowedTo(encrypted, 'ReceiverRole'), statements(Properties['PolicyDocument'])]) {
      const conditions = allowed
        .filter(({ actions }) => actions.join() === 'kms:GenerateDataKey,kms:Decrypt')
        .map(({ resources, condition }) => ({ resources, condition: plain(condition) }));
      expect(conditions).toEqual([{ resources: [kmsKeyArn], condition: via('sqs') }]);
    }
  });
});

test('the queues outlive upgrades: logical ids are for good', () => {
  const ids = Object.keys(standard.resources).filter(
    (id) => id.startsWith('Spool') && standard.resources[id]?.Type === 'AWS::SQS::Queue',
  );
  expect(ids.sort()).toEqual(['SpoolDeadLettersFCA76D37', 'SpoolQueue5259DEC2']);
});

test('queues, archiver and policy are outputs', () => {
  const value = (name: string) => text(standard.outputs[name]?.Value);
  expect(value('SpoolQueue')).toBe('<SpoolQueue>');
  expect(value('SpoolDeadLetterQueue')).toBe('<SpoolDeadLetters>');
  expect(value('ArchiverFunction')).toBe('<ArchiverFunction>');
  expect(value('SpoolPolicy')).toBe('<PeopleSpool>');
});

function via(service: string) {
  return { StringEquals: { 'kms:ViaService': `${service}.<AWS::Region>.amazonaws.com` } };
}

function rightsOf(allowed: readonly Statement[]) {
  return allowed.map(({ actions, resources }) => ({ actions, resources }));
}
