import { SendMessageCommand, SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';
import { oneAttempt } from '../../base/aws/one-attempt.ts';
import { encodeMessage, maxMessageMemberBytes } from '../message.ts';
import type { SpooledMember, SpoolWriter } from '../spool.ts';
import { sqsError } from './sqs-error.ts';

/** The spool as a queue of SQS: one message a member. */
export class SqsSpool implements SpoolWriter {
  readonly maxMemberBytes = maxMessageMemberBytes;
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  async put(spooled: SpooledMember, signal: AbortSignal): Promise<void> {
    try {
      // The client holds the answer's MD5 against what it sent: SQS has the very same text.
      await this.#client.send(
        new SendMessageCommand({ QueueUrl: this.#queueUrl, MessageBody: encodeMessage(spooled) }),
        { abortSignal: signal },
      );
    } catch (cause) {
      throw sqsError(cause, 'SendMessage');
    }
  }
}

/**
 * A client for the spool, set up by the environment as every AWS client is; `overrides` win.
 *
 * It makes one attempt a request: how often and how long to try is the caller's to say.
 */
export function createSqsClient(overrides: SQSClientConfig = {}): SQSClient {
  return new SQSClient({ ...oneAttempt, ...overrides });
}
