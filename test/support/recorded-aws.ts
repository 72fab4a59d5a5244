import { CloudWatchClient, GetMetricDataCommand, ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { ListSubscriptionsByTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import {
  ChangeMessageVisibilityBatchCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { GetParameterCommand, GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';

/** One call that was made of AWS: the command's name, and what it was given. */
export interface Call {
  readonly command: string;
  readonly input: object;
}

/**
 * Stands in for every AWS client of this process, and records what is asked of them. Parameters and objects are
 * kept; everything else is answered as a new account would, or refused.
 */
export class RecordedAws {
  /** Below `/cistern/<stage>/`. */
  readonly parameters = new Map<string, string>();
  /** By `<bucket>/<key>`. */
  readonly objects = new Map<string, Buffer>();
  /** Of those, what may not be read. */
  readonly forbidden = new Set<string>();
  /** Buckets that take nothing. */
  readonly full = new Set<string>();
  readonly #root: string;
  readonly #mocks = [
    mockClient(S3Client),
    mockClient(SSMClient),
    mockClient(SNSClient),
    mockClient(SQSClient),
    mockClient(CloudWatchClient),
  ] as const;

  constructor(stage: string) {
    this.#root = `/cistern/${stage}/`;
    const [s3, ssm, sns, sqs, cloudWatch] = this.#mocks;
    s3.onAnyCommand().rejects(refusal(403, 'AccessDenied'));
    s3.on(GetObjectCommand).callsFake(({ Bucket, Key }) => this.#get(`${Bucket}/${Key}`));
    s3.on(PutObjectCommand).callsFake(({ Bucket, Key, Body }) => {
      if (this.full.has(Bucket)) throw refusal(507, 'InsufficientStorage');
      this.objects.set(`${Bucket}/${Key}`, Buffer.from(Body));
      return {};
    });
    s3.on(ListObjectsV2Command).callsFake(({ Bucket, Prefix = '', StartAfter = '' }) => {
      const keys = [...this.objects.keys()].sort().flatMap((path) => {
        const key = path.slice(Bucket.length + 1);
        return path === `${Bucket}/${key}` && key.startsWith(Prefix) && key > StartAfter ? [key] : [];
      });
      return { Contents: keys.map((Key) => ({ Key, Size: 1 })) };
    });
    ssm.on(GetParameterCommand).callsFake(({ Name }) => {
      const value = this.parameters.get(Name.slice(this.#root.length));
      if (value === undefined) throw refusal(400, 'ParameterNotFound');
      return { Parameter: { Value: value } };
    });
    ssm.on(GetParametersByPathCommand).callsFake(({ Path }) => ({
      Parameters: [...this.parameters]
        .map(([name, Value]) => ({ Name: this.#root + name, Value }))
        .filter(({ Name }) => Name.startsWith(`${Path}/`)),
    }));
    sns.on(PublishCommand).resolves({});
    sns.on(ListSubscriptionsByTopicCommand).resolves({ Subscriptions: [] });
    sqs.on(SendMessageCommand).resolves({});
    sqs.on(ReceiveMessageCommand).resolves({});
    sqs.on(ChangeMessageVisibilityBatchCommand).resolves({});
    sqs.on(StartMessageMoveTaskCommand).resolves({});
    sqs.on(ListMessageMoveTasksCommand).resolves({ Results: [] });
    sqs.on(GetQueueAttributesCommand).callsFake(({ QueueUrl }) => ({
      Attributes: {
        QueueArn: `arn:aws:sqs:eu-west-1:${QueueUrl.split('/').slice(-2).join(':')}`,
        ApproximateNumberOfMessages: '0',
        ApproximateNumberOfMessagesNotVisible: '0',
        ApproximateNumberOfMessagesDelayed: '0',
      },
    }));
    // Something was lost in the last minute, whatever is asked.
    cloudWatch.on(GetMetricDataCommand).callsFake(({ MetricDataQueries, EndTime }) => ({
      MetricDataResults: MetricDataQueries.map(({ Id }: { Id: string }) => {
        return {
          Id,
          StatusCode: 'Complete',
          Timestamps: [new Date(EndTime.getTime() - 60_000)],
          Values: [1],
        };
      }),
    }));
    cloudWatch
      .on(ListMetricsCommand)
      .resolves({ Metrics: [{ Dimensions: [{ Name: 'app', Value: 'shop' }] }] });
  }

  /** What was asked since the last time. */
  take(): Call[] {
    return this.#mocks.flatMap((mock) => {
      const calls = mock.calls().map(({ args: [command] }): Call => {
        return { command: command.constructor.name, input: command.input };
      });
      mock.resetHistory();
      return calls;
    });
  }

  restore(): void {
    for (const mock of this.#mocks) mock.restore();
  }

  #get(path: string) {
    if (this.forbidden.has(path)) throw refusal(403, 'AccessDenied');
    const body = this.objects.get(path);
    if (body === undefined) throw refusal(404, 'NoSuchKey');
    return { ETag: `"${body.length}"`, Body: { transformToByteArray: async () => body } };
  }
}

function refusal(httpStatusCode: number, name: string): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
}
