import {
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  type ListMessageMoveTasksResultEntry,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { StoreError } from '../../archive/store/store.ts';
import type { QueuedMessage } from '../queue.ts';
import { sqsError } from './sqs-error.ts';
import type { SpoolQueues } from './sqs-spool-reader.ts';

/** What SQS takes in one call. */
const batchSize = 10;
/** A dead letter that was looked at is hidden for so long. */
const peekSeconds = 30;
/** Looking ends before what was looked at first shows up again. */
const longestPeekMs = 20_000;
/** What a move left behind was hidden by somebody who looked: the next one finds it. */
const nextMoveMs = (peekSeconds + 5) * 1000;

/** The dead letters of a spool on SQS: to look at, and to give back to the queue. */
export class SqsDeadLetters {
  readonly #client: SQSClient;
  readonly #queues: SpoolQueues;
  /** When this began a move, and what was the newest one before. */
  #begun: { readonly at: number; readonly before: number | undefined } | undefined;

  constructor(client: SQSClient, queues: SpoolQueues) {
    this.#client = client;
    this.#queues = queues;
  }

  /**
   * At most `limit` dead letters, none of them deleted. SQS counts each as received once more, and hides it for
   * 30 s. Throws `StoreError`.
   */
  async peek(limit: number): Promise<QueuedMessage[]> {
    const deadline = performance.now() + longestPeekMs;
    const found = new Map<string, QueuedMessage>();
    while (found.size < limit && performance.now() < deadline) {
      const messages = await this.#receive(Math.min(batchSize, limit - found.size));
      if (messages.length === 0) break;
      for (const message of messages) found.set(message.id, message);
    }
    return [...found.values()];
  }

  /**
   * Sees to it that dead letters go back to the queue, as new messages with all their receives before them; to be
   * called again until none is left. AWS moves them, also when this process ends. Throws `StoreError` when a move
   * that this began has failed.
   */
  async keepMoving(): Promise<void> {
    const source = await this.#arnOf(this.#queues.deadLettersUrl);
    const newest = await this.#newestMove(source);
    if (isUnderWay(newest)) return;
    if (this.#begun !== undefined) {
      // The list may lag behind the start: what is as old as the one before is no news.
      if (newest !== undefined && newest.StartedTimestamp !== this.#begun.before) throwIfFailed(newest);
      if (performance.now() - this.#begun.at < nextMoveMs) return;
    }
    this.#begun = { at: performance.now(), before: newest?.StartedTimestamp };
    await this.#begin(source);
  }

  async #begin(source: string): Promise<void> {
    const destination = await this.#arnOf(this.#queues.queueUrl);
    try {
      await this.#client.send(
        new StartMessageMoveTaskCommand({ SourceArn: source, DestinationArn: destination }),
      );
    } catch (cause) {
      // Somebody else was faster: SQS has one move at a time.
      if (isUnderWay(await this.#newestMove(source))) return;
      throw sqsError(cause, 'StartMessageMoveTask');
    }
  }

  async #newestMove(source: string): Promise<ListMessageMoveTasksResultEntry | undefined> {
    try {
      const command = new ListMessageMoveTasksCommand({ SourceArn: source, MaxResults: 1 });
      return (await this.#client.send(command)).Results?.[0];
    } catch (cause) {
      throw sqsError(cause, 'ListMessageMoveTasks');
    }
  }

  async #arnOf(queueUrl: string): Promise<string> {
    try {
      const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] });
      const { QueueArn: arn } = (await this.#client.send(command)).Attributes ?? {};
      if (arn !== undefined) return arn;
    } catch (cause) {
      throw sqsError(cause, 'GetQueueAttributes');
    }
    throw new StoreError('unavailable', 'GetQueueAttributes failed: the answer has no QueueArn');
  }

  async #receive(most: number): Promise<QueuedMessage[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#queues.deadLettersUrl,
      MaxNumberOfMessages: most,
      VisibilityTimeout: peekSeconds,
      // Without waiting, SQS asks only some of its servers, and may find nothing where something is.
      WaitTimeSeconds: 1,
      MessageSystemAttributeNames: ['ApproximateReceiveCount', 'SentTimestamp'],
    });
    try {
      return ((await this.#client.send(command)).Messages ?? []).map(received);
    } catch (cause) {
      throw sqsError(cause, 'ReceiveMessage');
    }
  }
}

function received({
  MessageId: id = '',
  ReceiptHandle: receipt = '',
  Body: text = '',
  Attributes: { ApproximateReceiveCount: receives, SentTimestamp: sentAt } = {},
}: Message): QueuedMessage {
  return { id, receipt, text, receives: Number(receives ?? 1), sentAt: Number(sentAt ?? 0) };
}

function isUnderWay(move: ListMessageMoveTasksResultEntry | undefined): boolean {
  return move?.Status === 'RUNNING' || move?.Status === 'CANCELLING';
}

function throwIfFailed({ Status: status, FailureReason: reason }: ListMessageMoveTasksResultEntry): void {
  if (status === 'COMPLETED') return;
  const why = reason === undefined ? '' : ` (${reason})`;
  throw new StoreError(
    'refused',
    `the move of the dead letters ended as ${status ?? 'unknown'}${why}: it takes sqs:ReceiveMessage, ` +
      'sqs:DeleteMessage on the dead-letter queue, sqs:SendMessage on the queue, and the use of their key',
  );
}
