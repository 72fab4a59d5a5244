import * as z from 'zod';
import { plain, resourcesOf, type Statement, type Synthesised, text } from '../infra/synthesise.ts';
import type { Call } from './recorded-aws.ts';

/** What one call takes: an action on a resource, in a request that has these condition keys. */
export interface Need {
  readonly action: string;
  readonly resource: string;
  readonly keys?: Readonly<Record<string, string>>;
}

/** What stands for the stack's own resources in a test. */
export const made = {
  '<Archive.Arn>': 'arn:aws:s3:::the-archive',
  '<Ledger.Arn>': 'arn:aws:s3:::the-ledger',
  '<SpoolQueue.Arn>': 'arn:aws:sqs:eu-west-1:111122223333:the-spool',
  '<SpoolDeadLetters.Arn>': 'arn:aws:sqs:eu-west-1:111122223333:the-dead-letters',
  '<TopicsAlerts>': 'arn:aws:sns:eu-west-1:111122223333:alerts',
  '<TopicsUrgent>': 'arn:aws:sns:eu-west-1:111122223333:urgent',
  '<AWS::Partition>': 'aws',
  '<AWS::Region>': 'eu-west-1',
  '<AWS::AccountId>': '111122223333',
} as const;

const parameter = 'arn:aws:ssm:eu-west-1:111122223333:parameter';
const bucket = z.object({ Bucket: z.string() }).transform(({ Bucket }) => `arn:aws:s3:::${Bucket}`);
const object = z
  .object({ Bucket: z.string(), Key: z.string() })
  .transform(({ Bucket, Key }) => `arn:aws:s3:::${Bucket}/${Key}`);
const queue = z
  .object({ QueueUrl: z.string() })
  .transform(({ QueueUrl }) => `arn:aws:sqs:eu-west-1:${QueueUrl.split('/').slice(-2).join(':')}`);
const movedFrom = z.object({ SourceArn: z.string() }).transform(({ SourceArn }) => SourceArn);
const topic = z.object({ TopicArn: z.string() }).transform(({ TopicArn }) => TopicArn);

function on(resource: z.ZodType<string>, action: string): (input: object) => Need[] {
  return (input) => [{ action, resource: resource.parse(input) }];
}

/** The actions of each call, by the Service Authorization Reference. */
const actions: Readonly<Record<string, (input: object) => Need[]>> = {
  GetObjectCommand: on(object, 's3:GetObject'),
  PutObjectCommand: (input) => {
    const resource = object.parse(input);
    // To compare the ETag, S3 asks for the right to read as well.
    return [
      { action: 's3:PutObject', resource },
      ...('IfMatch' in input ? [{ action: 's3:GetObject', resource }] : []),
    ];
  },
  ListObjectsV2Command: (input) => {
    const { Prefix } = z.object({ Prefix: z.string() }).parse(input);
    return [{ action: 's3:ListBucket', resource: bucket.parse(input), keys: { 's3:prefix': Prefix } }];
  },
  GetBucketLifecycleConfigurationCommand: on(bucket, 's3:GetLifecycleConfiguration'),
  GetBucketVersioningCommand: on(bucket, 's3:GetBucketVersioning'),
  GetBucketEncryptionCommand: on(bucket, 's3:GetEncryptionConfiguration'),
  GetPublicAccessBlockCommand: on(bucket, 's3:GetBucketPublicAccessBlock'),
  GetBucketOwnershipControlsCommand: on(bucket, 's3:GetBucketOwnershipControls'),
  GetBucketPolicyCommand: on(bucket, 's3:GetBucketPolicy'),
  GetObjectLockConfigurationCommand: on(bucket, 's3:GetBucketObjectLockConfiguration'),
  GetParameterCommand: (input) => {
    const { Name } = z.object({ Name: z.string() }).parse(input);
    return [{ action: 'ssm:GetParameter', resource: parameter + Name }];
  },
  GetParametersByPathCommand: (input) => {
    const { Path } = z.object({ Path: z.string() }).parse(input);
    return [{ action: 'ssm:GetParametersByPath', resource: parameter + Path }];
  },
  SendMessageCommand: on(queue, 'sqs:SendMessage'),
  ReceiveMessageCommand: on(queue, 'sqs:ReceiveMessage'),
  GetQueueAttributesCommand: on(queue, 'sqs:GetQueueAttributes'),
  ChangeMessageVisibilityBatchCommand: on(queue, 'sqs:ChangeMessageVisibility'),
  // SQS's developer guide, "Amazon SQS API permissions": what the move does takes its rights too.
  StartMessageMoveTaskCommand: (input) => {
    const { DestinationArn: resource } = z.object({ DestinationArn: z.string() }).parse(input);
    return [
      ...[
        'sqs:StartMessageMoveTask',
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
      ].map((action) => ({ action, resource: movedFrom.parse(input) })),
      { action: 'sqs:SendMessage', resource },
    ];
  },
  ListMessageMoveTasksCommand: (input) =>
    ['sqs:ListMessageMoveTasks', 'sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'].map(
      (action) => ({ action, resource: movedFrom.parse(input) }),
    ),
  PublishCommand: on(topic, 'sns:Publish'),
  ListSubscriptionsByTopicCommand: on(topic, 'sns:ListSubscriptionsByTopic'),
  GetMetricDataCommand: () => [{ action: 'cloudwatch:GetMetricData', resource: '*' }],
  ListMetricsCommand: () => [{ action: 'cloudwatch:ListMetrics', resource: '*' }],
};

/** Throws for a command that nobody has said the actions of. */
export function needsOf({ command, input }: Call): Need[] {
  const find = actions[command];
  if (find === undefined) throw new Error(`${command}: say in test/support/permissions.ts what it takes`);
  return find(input);
}

/** What of a stage's parameters SSM has to decrypt: those that the stack, which makes plain ones, does not make. */
export function decryptions(template: Synthesised, calls: readonly Call[]): Need[] {
  const strings = template.ofType('AWS::SSM::Parameter').map(({ Properties }) => text(Properties['Name']));
  return calls.flatMap(({ command, input }): Need[] => {
    if (command !== 'GetParameterCommand') return [];
    const { Name } = z.object({ Name: z.string() }).parse(input);
    if (strings.includes(Name)) return [];
    const keys = {
      'kms:ViaService': 'ssm.eu-west-1.amazonaws.com',
      'kms:EncryptionContext:PARAMETER_ARN': parameter + Name,
    };
    return [{ action: 'kms:Decrypt', resource: 'arn:aws:kms:eu-west-1:111122223333:key/any', keys }];
  });
}

/** Whether one of the statements allows it. */
export function isAllowed(statements: readonly Statement[], { action, resource, keys = {} }: Need): boolean {
  return statements.some(
    (statement) =>
      resourcesOf([statement], action).some((pattern) => matches(filledIn(pattern), resource)) &&
      conditionHolds(statement.condition, keys),
  );
}

const condition = z.partialRecord(
  z.enum(['StringEquals', 'StringLike']),
  z.record(z.string(), z.union([z.string().transform((only) => [only]), z.array(z.string())])),
);

function conditionHolds(found: unknown, keys: Readonly<Record<string, string>>): boolean {
  if (found === undefined) return true;
  return Object.values(condition.parse(plain(found))).every((wanted) =>
    Object.entries(wanted).every(([key, patterns]) =>
      patterns.some((pattern) => matches(filledIn(pattern), keys[key] ?? '')),
    ),
  );
}

/** As IAM has it: an asterisk is any text, slashes too. */
function matches(pattern: string, value: string): boolean {
  const escaped = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return new RegExp(`^${escaped}$`).test(value);
}

function filledIn(pattern: string): string {
  return Object.entries(made).reduce((filled, [name, value]) => filled.replaceAll(name, value), pattern);
}
