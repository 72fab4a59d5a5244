import { randomUUID } from 'node:crypto';
import { ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { createS3Client, S3Store } from '../../lib/archive/store/aws/s3-store.ts';
import type { ArchiveReader } from '../../lib/archive/store/store.ts';
import { createSsmClient, SsmParameters } from '../../lib/drains/aws/ssm-parameters.ts';
import type { ParameterStore } from '../../lib/drains/parameters.ts';
import { createSqsClient } from '../../lib/spool/sqs/sqs-spool.ts';
import { makeBucket } from '../aws/buckets.ts';
import { startFakeAws } from '../support/fake-aws.ts';

/** What stands in for AWS: the archive's bucket, which is the ledger's too, the spool's queue, and parameters. */
export interface SoakAws {
  /** Which it is. */
  readonly name: 'fakes' | 'moto';
  readonly bucket: string;
  readonly stage: string;
  readonly s3Url: URL;
  readonly sqsUrl: URL;
  readonly ssmUrl: URL;
  /** Leads to it; S3, SQS and SSM are reached through proxies. */
  readonly env: Readonly<Record<string, string>>;
  readonly archive: ArchiveReader;
  readonly parameters: ParameterStore;
  /** The queue's address behind a proxy. */
  queueUrlAt(proxy: URL): string;
  /** Messages in the queue, those that somebody works on too. */
  waiting(): Promise<number>;
  /** As if the time had come for what is hidden, where that can be done. */
  showAll(): void;
  /** From now on the queue delivers some messages once more, in any order, where it can. */
  misbehave(seed: number, redelivered: number): void;
  /** What is wrong in the bucket and the queues: something overwritten, set aside or given up. */
  problems(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Short: what a killed archiver had in hand comes back soon, and sometimes while another still works on it. */
const visibilitySeconds = 3;

export async function startFakes(): Promise<SoakAws> {
  const aws = await startFakeAws();
  const s3 = createS3Client(aws.s3ClientConfig());
  const ssm = createSsmClient(aws.ssmClientConfig());
  const stage = 'soak';
  aws.sqs.queue.settings.visibilitySeconds = visibilitySeconds;
  return {
    name: 'fakes',
    bucket: aws.s3.bucket,
    stage,
    s3Url: new URL(aws.s3.url),
    sqsUrl: new URL(aws.sqs.url),
    ssmUrl: new URL(aws.ssm.url),
    env: aws.env(),
    archive: new S3Store(s3, aws.s3.bucket),
    parameters: new SsmParameters(ssm, stage),
    queueUrlAt: ({ origin }) => aws.sqs.urlAt(origin, aws.sqs.queue),
    waiting: async () => aws.sqs.queue.messages.length,
    showAll: () => aws.sqs.queue.showAll(),
    misbehave: (seed, redelivered) => aws.sqs.queue.misbehave({ seed, redelivered, reordered: true }),
    problems: async () => [
      ...[...aws.s3.versions].flatMap(([key, { length }]) => problemOf(key, length)),
      ...aws.sqs.deadLetters.messages.map(({ id }) => `message ${id} is a dead letter`),
    ],
    close: async () => {
      s3.destroy();
      ssm.destroy();
      await aws.close();
    },
  };
}

/** A bucket and a queue of their own in the moto that the environment leads to. */
export async function startOnMoto(url: URL): Promise<SoakAws> {
  const s3 = createS3Client();
  const ssm = createSsmClient();
  const sqs = createSqsClient();
  const stage = randomUUID();
  const bucket = await makeBucket(s3);
  const { QueueUrl: queueUrl = '' } = await sqs.send(
    new CreateQueueCommand({
      QueueName: `spool-${stage}`,
      Attributes: { VisibilityTimeout: String(visibilitySeconds) },
    }),
  );
  return {
    name: 'moto',
    bucket,
    stage,
    s3Url: url,
    sqsUrl: url,
    ssmUrl: url,
    env: {
      AWS_ENDPOINT_URL: url.href,
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    },
    archive: new S3Store(s3, bucket),
    parameters: new SsmParameters(ssm, stage),
    queueUrlAt: ({ origin }) => `${origin}${new URL(queueUrl).pathname}`,
    waiting: async () => {
      const { Attributes: counts } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
      );
      return (
        Number(counts?.ApproximateNumberOfMessages) + Number(counts?.ApproximateNumberOfMessagesNotVisible)
      );
    },
    showAll: () => undefined,
    misbehave: () => undefined,
    problems: async () => (await versionsOf(s3, bucket)).flatMap(([key, count]) => problemOf(key, count)),
    close: async () => {
      s3.destroy();
      ssm.destroy();
      sqs.destroy();
    },
  };
}

async function versionsOf(s3: S3Client, bucket: string): Promise<readonly (readonly [string, number])[]> {
  const counts = new Map<string, number>();
  let after: { readonly KeyMarker?: string; readonly VersionIdMarker?: string } | undefined = {};
  while (after !== undefined) {
    const page: {
      readonly Versions?: readonly { readonly Key?: string | undefined }[] | undefined;
      readonly IsTruncated?: boolean | undefined;
      readonly NextKeyMarker?: string | undefined;
      readonly NextVersionIdMarker?: string | undefined;
    } = await s3.send(new ListObjectVersionsCommand({ Bucket: bucket, ...after }));
    for (const { Key: key = '' } of page.Versions ?? []) counts.set(key, (counts.get(key) ?? 0) + 1);
    after =
      page.IsTruncated === true
        ? { KeyMarker: page.NextKeyMarker ?? '', VersionIdMarker: page.NextVersionIdMarker ?? '' }
        : undefined;
  }
  return [...counts];
}

function problemOf(key: string, versions: number): string[] {
  if (key.startsWith('set-aside/')) return [`${key} was set aside`];
  return versions === 1 ? [] : [`${key} was written ${versions} times`];
}
