import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { allowedTo, plain, resourcesOf, type Statement, statements, synthesise, text } from './synthesise.ts';

const standard = synthesise();
const roles = ['ReceiverRole', 'ArchiverRole', 'WatchRole', 'ReportRole'];
const parameter = 'arn:<AWS::Partition>:ssm:<AWS::Region>:<AWS::AccountId>:parameter/cistern/production';

describe('logs', () => {
  test('can be read by the watch alone, and only those that the canary sent', () => {
    const readers = roles.map((role) => [
      role,
      resourcesOf(allowedTo(standard, role), 's3:GetObject').filter((each) => each.includes('<Archive')),
    ]);
    expect(Object.fromEntries(readers)).toEqual({
      ReceiverRole: [],
      ArchiverRole: [],
      WatchRole: ['<Archive.Arn>/logs/cistern-canary/*'],
      ReportRole: [],
    });
  });

  test('can be listed by the watch alone, and nothing beside them', () => {
    const listing = (role: string) =>
      allowedTo(standard, role).filter(
        ({ actions, resources }) => actions.includes('s3:ListBucket') && resources.includes('<Archive.Arn>'),
      );
    expect(roles.map((role) => listing(role).length)).toEqual([0, 0, 1, 0]);
    expect(listing('WatchRole')[0]?.condition).toEqual({ StringLike: { 's3:prefix': 'logs/*' } });
  });

  test('can be written by receiver and archiver alone, and deleted by nobody', () => {
    for (const role of roles) {
      const allowed = allowedTo(standard, role);
      const writes = resourcesOf(allowed, 's3:PutObject').filter((each) => each.includes('<Archive'));
      const writer = role === 'ReceiverRole' || role === 'ArchiverRole';
      expect(writes).toEqual(writer ? ['<Archive.Arn>/logs/*'] : []);
      const actions = allowed.flatMap((statement) => statement.actions);
      expect(actions.filter((action) => /\*|s3:Delete|Bypass|Legal|PutBucket|Restore/.test(action))).toEqual(
        [],
      );
    }
  });
});

describe('the ledger', () => {
  test.each([
    ['ReceiverRole', [], []],
    ['ArchiverRole', [], ['set-aside']],
    ['WatchRole', ['incidents', 'reports'], ['incidents', 'reports']],
    ['ReportRole', ['incidents', 'reports'], ['reports']],
  ] as const)('by the %s is read under %j and written under %j', (role, read, written) => {
    const inLedger = (action: string) =>
      resourcesOf(allowedTo(standard, role), action).filter((each) => each.includes('<Ledger.Arn>/'));
    expect(inLedger('s3:GetObject')).toEqual(read.map((prefix) => `<Ledger.Arn>/${prefix}/*`));
    expect(inLedger('s3:PutObject')).toEqual(written.map((prefix) => `<Ledger.Arn>/${prefix}/*`));
  });

  test.each(['WatchRole', 'ReportRole'])(
    'says "not there" to the %s, and not "forbidden": the first run finds nothing',
    (role) => {
      const list = allowedTo(standard, role).filter(
        ({ actions, resources }) => actions.includes('s3:ListBucket') && resources.includes('<Ledger.Arn>'),
      );
      expect(list.map(({ condition }) => condition)).toEqual([undefined]);
    },
  );

  test('is encrypted and decrypted with a given key, through S3 only', () => {
    const kmsKeyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    for (const role of ['WatchRole', 'ReportRole']) {
      const [grant, ...others] = allowedTo(synthesise({ kmsKeyArn }), role).filter(({ resources }) =>
        resources.includes(kmsKeyArn),
      );
      expect(others).toEqual([]);
      expect(grant?.actions).toEqual(['kms:Decrypt', 'kms:GenerateDataKey']);
      expect(plain(grant?.condition)).toEqual({
        StringEquals: { 'kms:ViaService': 's3.<AWS::Region>.amazonaws.com' },
      });
    }
  });
});

describe('the watch', () => {
  const allowed = allowedTo(standard, 'WatchRole');

  test('reads how both buckets are set up, and their settings alone', () => {
    const settings = allowed.filter(({ actions }) => actions.includes('s3:GetLifecycleConfiguration'));
    expect(settings.map(({ actions, resources }) => ({ actions, resources }))).toEqual([
      {
        actions: [
          's3:GetLifecycleConfiguration',
          's3:GetBucketVersioning',
          's3:GetEncryptionConfiguration',
          's3:GetBucketPublicAccessBlock',
          's3:GetBucketOwnershipControls',
          's3:GetBucketPolicy',
          's3:GetBucketObjectLockConfiguration',
        ],
        resources: ['<Archive.Arn>', '<Ledger.Arn>'],
      },
    ]);
  });

  test('reads metrics', () => {
    for (const action of ['cloudwatch:GetMetricData', 'cloudwatch:ListMetrics']) {
      expect(resourcesOf(allowed, action)).toEqual(['*']);
    }
  });

  test('reads the parameters that it works with, and no other secret', () => {
    expect(resourcesOf(allowed, 'ssm:GetParametersByPath')).toEqual([
      `${parameter}/drains`,
      `${parameter}/drains/*`,
      `${parameter}/config`,
      `${parameter}/config/*`,
    ]);
    expect(resourcesOf(allowed, 'ssm:GetParameter')).toEqual(
      ['urls/cistern-canary', 'drain_url', 'receiver_url', 'alerts', 'heroku', 'heartbeat'].map(
        (name) => `${parameter}/${name}`,
      ),
    );
    const decrypt = allowed.filter(
      ({ actions, resources }) => actions.includes('kms:Decrypt') && text(resources[0]).endsWith(':key/*'),
    );
    expect(decrypt.map(({ condition }) => plain(condition))).toEqual([
      {
        StringEquals: { 'kms:ViaService': 'ssm.<AWS::Region>.amazonaws.com' },
        StringLike: {
          'kms:EncryptionContext:PARAMETER_ARN': [
            'drains/*',
            'urls/cistern-canary',
            'drain_url',
            'alerts',
            'heroku',
            'heartbeat',
          ].map((name) => `${parameter}/${name}`),
        },
      },
    ]);
  });

  test('publishes to the topic of incidents and to configured ones, never to the urgent one', () => {
    expect(resourcesOf(allowed, 'sns:Publish')).toEqual(['<TopicsAlerts>']);
    const topicArn = 'arn:aws:sns:eu-central-1:111122223333:on-call';
    const channels = { mail: { type: 'sns' }, others: { type: 'sns', topicArn } };
    const more = allowedTo(synthesise({ alerts: { channels } }), 'WatchRole');
    expect(resourcesOf(more, 'sns:Publish')).toEqual(['<TopicsAlerts>', topicArn]);
    expect(resourcesOf(more, 'sns:ListSubscriptionsByTopic')).toContain(topicArn);
  });

  test("uses the keys of configured topics by SNS of each topic's region alone, and no key without them", () => {
    const keysOf = (cistern: unknown) =>
      allowedTo(synthesise(cistern), 'WatchRole')
        .filter(
          ({ actions, resources }) => actions.includes('kms:GenerateDataKey') && resources.includes('*'),
        )
        .map(({ condition }) => condition);
    const topics = ['eu-central-1:111122223333:on-call', 'us-east-2:444455556666:far'];
    const channels = Object.fromEntries(
      topics.map((topic, index) => [`topic-${index}`, { type: 'sns', topicArn: `arn:aws:sns:${topic}` }]),
    );
    expect(keysOf({})).toEqual([]);
    expect(keysOf({ alerts: { channels } })).toEqual([
      {
        StringEquals: {
          'kms:ViaService': ['sns.eu-central-1.amazonaws.com', 'sns.us-east-2.amazonaws.com'],
        },
      },
    ]);
  });

  test('sees who is subscribed to both topics of the stack', () => {
    expect(resourcesOf(allowed, 'sns:ListSubscriptionsByTopic')).toEqual([
      '<TopicsAlerts>',
      '<TopicsUrgent>',
    ]);
  });

  test('may do nothing else', () => {
    expect(actionsOf(allowed)).toEqual([
      'cloudwatch:GetMetricData',
      'cloudwatch:ListMetrics',
      'kms:Decrypt',
      'kms:GenerateDataKey',
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      's3:GetBucketObjectLockConfiguration',
      's3:GetBucketOwnershipControls',
      's3:GetBucketPolicy',
      's3:GetBucketPublicAccessBlock',
      's3:GetBucketVersioning',
      's3:GetEncryptionConfiguration',
      's3:GetLifecycleConfiguration',
      's3:GetObject',
      's3:ListBucket',
      's3:PutObject',
      'sns:ListSubscriptionsByTopic',
      'sns:Publish',
      'sqs:GetQueueAttributes',
      'ssm:GetParameter',
      'ssm:GetParametersByPath',
    ]);
  });
});

test('the report may do nothing but sum up', () => {
  expect(actionsOf(allowedTo(standard, 'ReportRole'))).toEqual([
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    's3:GetObject',
    's3:ListBucket',
    's3:PutObject',
    'sqs:SendMessage',
  ]);
});

test.each([
  ['Watch', 'watch', { CISTERN_QUEUE_URL: '<SpoolQueue>', CISTERN_DEAD_LETTERS_URL: '<SpoolDeadLetters>' }],
  ['Report', 'report', {}],
])('the %s runs as its own role, and is told where everything is', (construct, name, more) => {
  const { Properties } = standard.named(`${construct}Function`, 'AWS::Lambda::Function');
  expect(text(Properties['Role'])).toBe(`<${construct}Role.Arn>`);
  expect(Properties).toMatchObject({
    Runtime: 'nodejs24.x',
    Architectures: ['arm64'],
    Handler: 'index.handler',
    Timeout: 120,
  });
  // Small accounts could not deploy it.
  expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  expect(plain(Properties['Environment'])).toEqual({
    Variables: {
      CISTERN_STAGE: 'production',
      CISTERN_BUCKET: '<Archive>',
      CISTERN_LEDGER: '<Ledger>',
      CISTERN_RECEIVER_FUNCTION: '<ReceiverFunction>',
      CISTERN_TOPIC_ARN: '<TopicsAlerts>',
      CISTERN_URGENT_TOPIC_ARN: '<TopicsUrgent>',
      ...more,
    },
  });
  const log = standard.named(`${construct}Log`, 'AWS::Logs::LogGroup').Properties;
  expect(log).toMatchObject({ LogGroupName: `/cistern/production/${name}`, RetentionInDays: 30 });
});

describe('policies for people', () => {
  const policyOf = (id: string) => {
    const { Properties } = standard.named(id, 'AWS::IAM::ManagedPolicy');
    for (const key of ['Users', 'Groups', 'Roles']) expect(Properties[key]).toBeUndefined();
    return statementsOfPolicy(Properties['PolicyDocument']);
  };

  test('let them work on incidents, or read them, and neither shows a log or a secret', () => {
    const full = policyOf('PeopleIncidentsFull');
    const readOnly = policyOf('PeopleIncidentsReadOnly');
    for (const allowed of [full, readOnly]) {
      expect(resourcesOf(allowed, 's3:GetObject')).toEqual([
        '<Ledger.Arn>/incidents/*',
        '<Ledger.Arn>/reports/*',
      ]);
      expect(resourcesOf(allowed, 'ssm:GetParameter')).toContain(`${parameter}/ledger_bucket`);
      expect(resourcesOf(allowed, 'ssm:GetParametersByPath')).toEqual([
        `${parameter}/config`,
        `${parameter}/config/*`,
      ]);
    }
    expect(resourcesOf(full, 's3:PutObject')).toEqual([
      '<Ledger.Arn>/incidents/*',
      // A digest that is made again by hand.
      '<Ledger.Arn>/reports/incidents/*',
    ]);
    // A postmortem counts objects by their keys.
    expect(resourcesOf(full, 's3:ListBucket')).toEqual(['<Ledger.Arn>', '<Archive.Arn>']);
    expect(resourcesOf(readOnly, 's3:ListBucket')).toEqual(['<Ledger.Arn>']);
    expect(actionsOf(readOnly).filter((action) => !/:(?:Get|List)/.test(action))).toEqual([]);
    expect(actionsOf(full).filter((action) => !/:(?:Get|List)/.test(action))).toEqual(['s3:PutObject']);
  });

  test('are outputs', () => {
    expect(text(standard.outputs['IncidentsFullPolicy']?.Value)).toBe('<PeopleIncidentsFull>');
    expect(text(standard.outputs['IncidentsReadOnlyPolicy']?.Value)).toBe('<PeopleIncidentsReadOnly>');
  });
});

function actionsOf(allowed: readonly Statement[]): string[] {
  return [...new Set(allowed.flatMap(({ actions }) => actions))].sort();
}

function statementsOfPolicy(document: unknown): Statement[] {
  z.object({ Version: z.literal('2012-10-17') }).parse(document);
  const all = statements(document);
  expect(all.filter(({ effect }) => effect !== 'Allow')).toEqual([]);
  return all;
}
