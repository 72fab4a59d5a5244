import { GetQueueAttributesCommand, type QueueAttributeName, type SQSClient } from '@aws-sdk/client-sqs';
import type { SpoolReader, SpoolStatus } from '../spool.ts';
import type { SpoolAgeReader } from '../spool-age.ts';
import { sqsError } from './sqs-error.ts';

export interface SpoolQueues {
  readonly queueUrl: string;
  readonly deadLettersUrl: string;
}

const wanted = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
] as const satisfies readonly QueueAttributeName[];

/**
 * The spool as SQS tells of it: estimates, up to a minute old. Needs sqs:GetQueueAttributes on both queues. A
 * member that was postponed after a failure counts as under way until it comes back.
 */
export class SqsSpoolReader implements SpoolReader {
  readonly #client: SQSClient;
  readonly #queues: SpoolQueues;
  readonly #age: SpoolAgeReader | undefined;

  constructor(client: SQSClient, queues: SpoolQueues, age?: SpoolAgeReader) {
    this.#client = client;
    this.#queues = queues;
    this.#age = age;
  }

  async status(signal?: AbortSignal): Promise<SpoolStatus> {
    const { queueUrl, deadLettersUrl } = this.#queues;
    const [queue, deadLetters] = await Promise.all([
      this.#count(queueUrl, signal),
      this.#count(deadLettersUrl, signal),
    ]);
    // What was measured of a queue that is empty by now is over.
    const holdsAny = queue.waiting + queue.underWay > 0;
    const oldestMs = holdsAny ? await this.#age?.oldestMs(signal) : undefined;
    return {
      ...queue,
      ...(oldestMs === undefined ? {} : { oldestMs }),
      deadLetters: deadLetters.waiting + deadLetters.underWay,
    };
  }

  async #count(
    queueUrl: string,
    signal: AbortSignal | undefined,
  ): Promise<Pick<SpoolStatus, 'waiting' | 'underWay'>> {
    const attributes = await this.#attributes(queueUrl, signal);
    const [visible, delayed, notVisible] = wanted.map((name) => {
      const count = Number(attributes[name]);
      if (Number.isInteger(count)) return count;
      throw new Error(`GetQueueAttributes gives no ${name} of ${queueUrl}: is it a queue of SQS?`);
    });
    return { waiting: (visible ?? 0) + (delayed ?? 0), underWay: notVisible ?? 0 };
  }

  async #attributes(queueUrl: string, signal: AbortSignal | undefined) {
    try {
      const command = new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: [...wanted] });
      const answer = await this.#client.send(command, signal === undefined ? {} : { abortSignal: signal });
      return answer.Attributes ?? {};
    } catch (cause) {
      throw sqsError(cause, 'GetQueueAttributes');
    }
  }
}
