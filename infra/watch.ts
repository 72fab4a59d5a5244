import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { logsPrefix } from '../lib/archive/format/key.ts';
import type { Config } from '../lib/config/config.ts';
import { canaryApp } from '../lib/drains/canary-app.ts';
import { parameterNames } from '../lib/drains/parameters.ts';
import type { Grant } from './grant.ts';
import { ledgerGrants } from './ledger-grants.ts';
import { decryptParameters, readParameters } from './parameter-grants.ts';
import { ScheduledFunction } from './scheduled-function.ts';
import type { Spool } from './spool.ts';
import type { Topics } from './topics.ts';

export interface WatchProps {
  readonly config: Config;
  /** The folder that holds `watch/index.mjs` and `report/index.mjs`. */
  readonly bundles: string;
  readonly archive: Bucket;
  readonly ledger: Bucket;
  /** The key of both, where it is not S3's own. */
  readonly key: IKey | undefined;
  readonly receiver: LambdaFunction;
  readonly spool: Spool;
  readonly topics: Topics;
  readonly schedules: CfnScheduleGroup;
  readonly deadLetters: Queue;
}

/** The function that looks at everything every five minutes, and tells who has to know. */
export class Watch extends ScheduledFunction {
  constructor(scope: Construct, id: string, props: WatchProps) {
    const { queue, deadLetters } = props.spool;
    super(scope, id, {
      ...props,
      name: 'watch',
      description: 'looks at the archive and at what feeds it, and tells who has to know',
      memorySize: 512,
      environment: {
        ...environmentOf(props),
        CISTERN_QUEUE_URL: queue.queueUrl,
        CISTERN_DEAD_LETTERS_URL: deadLetters.queueUrl,
      },
      grants: [...watchGrants(scope, props), ...props.spool.countGrants()],
    });
  }
}

/** The function that sums up a week of incidents. */
export class Report extends ScheduledFunction {
  constructor(scope: Construct, id: string, props: WatchProps) {
    const { ledger, key } = props;
    super(scope, id, {
      ...props,
      name: 'report',
      description: 'sums up the incidents of the week that ended',
      memorySize: 512,
      environment: environmentOf(props),
      grants: ledgerGrants({ ledger, key, read: ['incidents/', 'reports/'], write: ['reports/'] }),
    });
  }
}

function environmentOf({ config, archive, ledger, receiver, topics }: WatchProps): Record<string, string> {
  return {
    CISTERN_STAGE: config.stage,
    CISTERN_BUCKET: archive.bucketName,
    CISTERN_LEDGER: ledger.bucketName,
    CISTERN_RECEIVER_FUNCTION: receiver.functionName,
    CISTERN_TOPIC_ARN: topics.alerts.topicArn,
    CISTERN_URGENT_TOPIC_ARN: topics.urgent.topicArn,
  };
}

/** What the check of retention reads of a bucket. */
const bucketSettings = [
  's3:GetLifecycleConfiguration',
  's3:GetBucketVersioning',
  's3:GetEncryptionConfiguration',
  's3:GetBucketPublicAccessBlock',
  's3:GetBucketOwnershipControls',
  's3:GetBucketPolicy',
  's3:GetBucketObjectLockConfiguration',
];

function watchGrants(scope: Construct, { config, archive, ledger, key, topics }: WatchProps): Grant[] {
  const { stage, alerts } = config;
  const canaryUrl = `${parameterNames.urls}${canaryApp}`;
  const { drains, sharedUrl, receiverUrl, heroku, heartbeat } = parameterNames;
  const secrets = [drains, canaryUrl, sharedUrl, parameterNames.alerts, heroku, heartbeat];
  const otherTopics = Object.values(alerts.channels).flatMap((channel) =>
    channel.type === 'sns' && channel.topicArn !== undefined ? [channel.topicArn] : [],
  );
  return [
    {
      sid: 'ListLogs',
      actions: ['s3:ListBucket'],
      resources: [archive.bucketArn],
      conditions: { StringLike: { 's3:prefix': `${logsPrefix}*` } },
    },
    {
      sid: 'ReadCanary',
      actions: ['s3:GetObject'],
      resources: [archive.arnForObjects(`${logsPrefix}${canaryApp}/*`)],
      wildcards: "Keys derive from batches; these are the canary's own, which Cistern itself has sent.",
    },
    {
      sid: 'ReadBucketSettings',
      actions: bucketSettings,
      resources: [archive.bucketArn, ledger.bucketArn],
    },
    {
      sid: 'ReadMetrics',
      actions: ['cloudwatch:GetMetricData', 'cloudwatch:ListMetrics'],
      resources: ['*'],
      wildcards: 'CloudWatch knows no narrower resource for reading metrics.',
    },
    ...readParameters(scope, {
      stage,
      what: 'Parameters',
      names: [
        drains,
        parameterNames.config,
        canaryUrl,
        sharedUrl,
        receiverUrl,
        parameterNames.alerts,
        heroku,
        heartbeat,
      ],
    }),
    decryptParameters(scope, { stage, what: 'Parameters', names: secrets }),
    ...ledgerGrants({
      ledger,
      key,
      read: ['incidents/', 'reports/'],
      write: ['incidents/', 'reports/'],
    }),
    ...topics.publishGrants([...new Set(otherTopics)]),
    // A topic of somebody else's may have a key of its own, whose policy then has to admit this role.
    ...(otherTopics.length === 0 ? [] : [useOtherKeys(otherTopics)]),
  ];
}

function useOtherKeys(topicArns: readonly string[]): Grant {
  const services = topicArns.map((arn) => `sns.${arn.split(':')[3]}.amazonaws.com`);
  return {
    sid: 'EncryptForOtherTopics',
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: ['*'],
    conditions: { StringEquals: { 'kms:ViaService': [...new Set(services)] } },
    wildcards: "The keys of the configured topics are their owners'; the condition admits use by SNS alone.",
  };
}
