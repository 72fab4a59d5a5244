import {
  ChangeMessageVisibilityBatchCommand,
  type ChangeMessageVisibilityBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { sideBySide } from '../side-by-side.ts';
import type { MessagePostponer, PostponedMessage, QueuedMessage } from './queue.ts';
import { sqsError } from './sqs-error.ts';

/** What SQS takes in one call. */
const batchSize = 10;
/** Calls under way at once. */
const width = 8;

/** A message as Lambda hands it over. */
export function queuedMessage({ messageId, receiptHandle, body, attributes }: SQSRecord): QueuedMessage {
  return {
    id: messageId,
    receipt: receiptHandle,
    text: body,
    receives: Number(attributes.ApproximateReceiveCount),
    sentAt: Number(attributes.SentTimestamp),
  };
}

/** Sets when messages of a queue of SQS come back. */
export class SqsPostponer implements MessagePostponer {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  async postpone(messages: readonly PostponedMessage[]): Promise<void> {
    const calls = Array.from({ length: Math.ceil(messages.length / batchSize) }, (_, index) =>
      messages.slice(index * batchSize, (index + 1) * batchSize),
    );
    const failed = await sideBySide(calls, width, (part) => this.#postpone(part));
    const failure = failed.find((each) => each !== undefined);
    if (failure !== undefined) throw failure;
  }

  /** Resolves with why the call failed: the others are made all the same. */
  async #postpone(messages: readonly PostponedMessage[]): Promise<Error | undefined> {
    const entries = messages.map(
      ({ receipt, seconds }, index): ChangeMessageVisibilityBatchRequestEntry => ({
        Id: String(index),
        ReceiptHandle: receipt,
        VisibilityTimeout: seconds,
      }),
    );
    try {
      // A message that is refused by itself comes back when its visibility timeout ends.
      await this.#client.send(
        new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#queueUrl, Entries: entries }),
      );
      return undefined;
    } catch (cause) {
      return sqsError(cause, 'ChangeMessageVisibilityBatch');
    }
  }
}
