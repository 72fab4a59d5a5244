import {
  ChangeMessageVisibilityBatchCommand,
  type ChangeMessageVisibilityBatchRequestEntry,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSRecord } from 'aws-lambda';
import { sideBySide } from '../../base/limited-concurrency.ts';
import type { MessagePostponer, PostponedMessage, QueuedMessage } from '../queue.ts';
import { sqsError } from './sqs-error.ts';

/** What SQS takes in one call. */
const batchSize = 10;
/** Calls under way at once. */
const width = 8;
/** For all calls together: who asks still has to answer. */
const postponeMs = 10_000;

/** A message as Lambda hands it over. */
export function queuedMessage({ messageId, receiptHandle, body, attributes }: SQSRecord): QueuedMessage {
  return {
    id: messageId,
    receipt: receiptHandle,
    text: body,
    // SQS always says both; a number that is none would spread.
    receives: Number(attributes.ApproximateReceiveCount) || 1,
    sentAt: Number(attributes.SentTimestamp) || Date.now(),
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
    const signal = AbortSignal.timeout(postponeMs);
    const failed = await sideBySide(calls, width, (part) => this.#postpone(part, signal));
    const failure = failed.find((each) => each !== undefined);
    if (failure !== undefined) throw failure;
  }

  /** Resolves with why the call failed: the others are made all the same. */
  async #postpone(messages: readonly PostponedMessage[], signal: AbortSignal): Promise<Error | undefined> {
    const entries = messages.map(
      ({ receipt, seconds }, index): ChangeMessageVisibilityBatchRequestEntry => ({
        Id: String(index),
        ReceiptHandle: receipt,
        VisibilityTimeout: seconds,
      }),
    );
    try {
      // One that is refused by itself was hidden for too short a time: somebody else has it by now, or soon will.
      await this.#client.send(
        new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#queueUrl, Entries: entries }),
        { abortSignal: signal },
      );
      return undefined;
    } catch (cause) {
      return sqsError(cause, 'ChangeMessageVisibilityBatch');
    }
  }
}
