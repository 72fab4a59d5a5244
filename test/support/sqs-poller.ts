import { setTimeout as sleep } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod';

export interface PollerOptions {
  readonly client: SQSClient;
  readonly queueUrl: string;
  /** What the function answers. That it rejects is a failed invocation: nothing is deleted. */
  readonly invoke: (event: SQSEvent) => Promise<unknown>;
  readonly batchSize?: number;
  /** How long to gather messages for one event, from the first one on. */
  readonly windowMs?: number;
}

/** What came of one event. */
export interface Polled {
  readonly event: SQSEvent;
  readonly deleted: number;
  /** Messages that stay in the queue. */
  readonly kept: number;
}

/** An event has at most so many bytes (Lambda's quota of a synchronous invocation). */
export const maxEventBytes: number = 6 * 1024 * 1024;
/** Until an empty queue is asked again. */
const emptyMs = 20;

const response = z
  .object({ batchItemFailures: z.array(z.object({ itemIdentifier: z.string().min(1) })).nullish() })
  .nullish();

/**
 * One of the pollers of an event source mapping with `ReportBatchItemFailures`: gathers messages up to a batch size,
 * a window and 6 MB, invokes the function, and deletes what it does not report as failed. It never touches what
 * failed. A queue that fails is asked again.
 */
export class SqsPoller {
  readonly #options: PollerOptions;
  /** Did not fit into the last event. */
  #over: SQSRecord[] = [];

  constructor(options: PollerOptions) {
    this.#options = options;
  }

  /** Handles one event; undefined when nothing came for `patienceMs`, or `signal` ended the wait. */
  async once(patienceMs = 0, signal?: AbortSignal): Promise<Polled | undefined> {
    const records = await this.#gather(patienceMs, signal);
    if (records.length === 0) return undefined;
    const event = { Records: records };
    const done = await this.#invoke(event);
    await this.#delete(done);
    return { event, deleted: done.length, kept: records.length - done.length };
  }

  /** Handles events until `signal` says that it is enough; what was gathered by then is handled. */
  async run(signal: AbortSignal, onPolled: (polled: Polled) => void = () => {}): Promise<void> {
    while (!signal.aborted) {
      const polled = await this.once(60_000, signal);
      if (polled !== undefined) onPolled(polled);
    }
  }

  async #gather(patienceMs: number, signal: AbortSignal | undefined): Promise<SQSRecord[]> {
    const { batchSize = 10_000, windowMs = 0 } = this.#options;
    const records: SQSRecord[] = [];
    let bytes = 0;
    const giveUpAt = performance.now() + patienceMs;
    let full = false;
    let closesAt = Number.POSITIVE_INFINITY;
    for (;;) {
      const came = this.#over.length > 0 ? this.#over : await this.#receive(batchSize - records.length);
      this.#over = [];
      for (const record of came) {
        const size = JSON.stringify(record).length;
        full ||= records.length >= batchSize || (records.length > 0 && bytes + size > maxEventBytes);
        if (full) {
          this.#over.push(record);
          continue;
        }
        if (records.length === 0) closesAt = performance.now() + windowMs;
        records.push(record);
        bytes += size;
      }
      if (full || records.length >= batchSize) return records;
      const now = performance.now();
      if (signal?.aborted === true || now >= (records.length === 0 ? giveUpAt : closesAt)) {
        // Without a window, as many as are there at once.
        if (windowMs > 0 || came.length === 0 || signal?.aborted === true) return records;
      }
      if (came.length === 0) await sleep(emptyMs);
    }
  }

  async #receive(most: number): Promise<SQSRecord[]> {
    const { client, queueUrl } = this.#options;
    try {
      const { Messages: messages = [] } = await client.send(
        new ReceiveMessageCommand({
          QueueUrl: queueUrl,
          MaxNumberOfMessages: Math.max(1, Math.min(10, most)),
          MessageSystemAttributeNames: ['All'],
        }),
      );
      return messages.map(recordOf);
    } catch {
      return [];
    }
  }

  /** The records that may be deleted. A response that Lambda can't make sense of is a failure of the whole batch. */
  async #invoke(event: SQSEvent): Promise<SQSRecord[]> {
    let answer: unknown;
    try {
      answer = await this.#options.invoke(event);
    } catch {
      return [];
    }
    const parsed = response.safeParse(answer);
    if (!parsed.success) return [];
    const failed = new Set(parsed.data?.batchItemFailures?.map(({ itemIdentifier }) => itemIdentifier));
    const known = new Set(event.Records.map(({ messageId }) => messageId));
    if ([...failed].some((id) => !known.has(id))) return [];
    return event.Records.filter(({ messageId }) => !failed.has(messageId));
  }

  async #delete(records: readonly SQSRecord[]): Promise<void> {
    const { client, queueUrl } = this.#options;
    for (let from = 0; from < records.length; from += 10) {
      const entries = records.slice(from, from + 10).map(({ receiptHandle }, index) => {
        return { Id: String(index), ReceiptHandle: receiptHandle };
      });
      try {
        await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
      } catch {
        // They come again.
      }
    }
  }
}

/** A message as Lambda puts it into an event. */
function recordOf({ MessageId, ReceiptHandle, Body, MD5OfBody, Attributes }: Message): SQSRecord {
  return {
    messageId: MessageId ?? '',
    receiptHandle: ReceiptHandle ?? '',
    body: Body ?? '',
    attributes: {
      ApproximateReceiveCount: Attributes?.ApproximateReceiveCount ?? '',
      SentTimestamp: Attributes?.SentTimestamp ?? '',
      SenderId: Attributes?.SenderId ?? '',
      ApproximateFirstReceiveTimestamp: Attributes?.ApproximateFirstReceiveTimestamp ?? '',
    },
    messageAttributes: {},
    md5OfBody: MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:eu-west-1:123456789012:cistern-spool',
    awsRegion: 'eu-west-1',
  };
}
