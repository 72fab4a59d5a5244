import { Aws, Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { deadLetterDays, maxReceives, queueDays } from '../lib/spool/queue.ts';
import type { Grant } from './grant.ts';

export interface SpoolProps {
  /** Encrypts what waits. Without it, SQS's own key does. */
  readonly key: IKey | undefined;
  /** Of the function that empties the queue. */
  readonly timeoutSeconds: number;
  /** How long messages are gathered for that function, in seconds. */
  readonly windowSeconds: number;
}

/**
 * The spool: a queue between receiver and archiver, and a second one for what could not be archived a thousand
 * times. Both stay when the stack goes: they can hold batches that Heroku believes are stored.
 *
 * Any queue of this account may name the second one as its own for dead letters. To admit only the first would make
 * each name the other, which CloudFormation can't do for queues that it gives names to; and a name of ours would keep
 * a new stack from being made beside the queues that an old one left.
 */
export class Spool extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly #key: IKey | undefined;

  constructor(scope: Construct, id: string, { key, timeoutSeconds, windowSeconds }: SpoolProps) {
    super(scope, id);
    this.#key = key;
    const kept: QueueProps = {
      ...(key === undefined
        ? { encryption: QueueEncryption.SQS_MANAGED }
        : { encryption: QueueEncryption.KMS, encryptionMasterKey: key }),
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN,
    };
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...kept,
      retentionPeriod: Duration.days(deadLetterDays),
    });
    this.queue = new Queue(this, 'Queue', {
      ...kept,
      retentionPeriod: Duration.days(queueDays),
      // AWS's advice (Lambda, "Creating and configuring an Amazon SQS event source mapping"): while Lambda gathers,
      // and tries a throttled invocation again, nobody else should get the messages.
      visibilityTimeout: Duration.seconds(6 * timeoutSeconds + windowSeconds),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: maxReceives },
    });
  }

  /** Adding a message, and nothing else. */
  sendGrants(): Grant[] {
    return [
      { sid: 'SendToSpool', actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] },
      // SQS asks for both (its guide, "Configure KMS permissions for a producer").
      ...this.#keyGrants('EncryptMessages', ['kms:GenerateDataKey', 'kms:Decrypt']),
    ];
  }

  /** Emptying the queue. */
  receiveGrants(): Grant[] {
    return [
      {
        sid: 'EmptySpool',
        actions: [
          'sqs:ReceiveMessage',
          'sqs:DeleteMessage',
          'sqs:GetQueueAttributes',
          'sqs:ChangeMessageVisibility',
        ],
        resources: [this.queue.queueArn],
      },
      ...this.#keyGrants('DecryptMessages', ['kms:Decrypt']),
    ];
  }

  /** How much waits in both queues; no message. */
  countGrants(): Grant[] {
    return [
      {
        sid: 'CountMessages',
        actions: ['sqs:GetQueueAttributes'],
        resources: [this.queue.queueArn, this.deadLetters.queueArn],
      },
    ];
  }

  /** Reading dead letters, and giving them back to the queue; SQS's own move takes the rights to do it by hand. */
  redriveGrants(): Grant[] {
    return [
      {
        sid: 'MoveDeadLetters',
        actions: [
          'sqs:ReceiveMessage',
          'sqs:DeleteMessage',
          'sqs:StartMessageMoveTask',
          'sqs:ListMessageMoveTasks',
          'sqs:CancelMessageMoveTask',
        ],
        resources: [this.deadLetters.queueArn],
      },
      ...this.sendGrants(),
    ];
  }

  #keyGrants(sid: string, actions: readonly string[]): Grant[] {
    if (this.#key === undefined) return [];
    const conditions = { StringEquals: { 'kms:ViaService': `sqs.${Aws.REGION}.amazonaws.com` } };
    return [{ sid, actions, resources: [this.#key.keyArn], conditions }];
  }
}
