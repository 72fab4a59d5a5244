import * as z from 'zod';
import { FakeQueue, md5, SqsRefusal } from './fake-queue.ts';
import { type FakeAnswer, type FakeService, startFakeService } from './fake-service.ts';

const operations = [
  'SendMessage',
  'ReceiveMessage',
  'DeleteMessage',
  'DeleteMessageBatch',
  'ChangeMessageVisibility',
  'ChangeMessageVisibilityBatch',
  'GetQueueAttributes',
  'GetQueueUrl',
  'StartMessageMoveTask',
  'ListMessageMoveTasks',
  'CancelMessageMoveTask',
] as const;

export type SqsOperation = (typeof operations)[number];

/** SQS (AWS JSON 1.0) with the spool's two queues, as far as Cistern uses it. Nobody waits in a long poll. */
export interface FakeSqs extends FakeService<SqsOperation> {
  readonly queue: FakeQueue;
  readonly queueUrl: string;
  readonly deadLetters: FakeQueue;
  readonly deadLettersUrl: string;
  /** The address of a queue behind a proxy at `origin`: a queue goes by its path alone. */
  urlAt(origin: string, queue: FakeQueue): string;
}

/** What SQS takes in one message (Quotas, Message size). */
const maxMessageBytes = 1024 * 1024;
const account = '123456789012';

const queueUrl = z.object({ QueueUrl: z.string() });
const receipt = z.object({ ReceiptHandle: z.string() });
const visibility = z.object({ VisibilityTimeout: z.int().min(0).max(43_200) });
const inputs = {
  SendMessage: z.object({ MessageBody: z.string().min(1) }),
  ReceiveMessage: z.object({
    MaxNumberOfMessages: z.int().min(1).max(10).default(1),
    VisibilityTimeout: z.int().min(0).max(43_200).optional(),
    MessageSystemAttributeNames: z.array(z.string()).default([]),
    AttributeNames: z.array(z.string()).default([]),
  }),
  ChangeMessageVisibility: receipt.extend(visibility.shape),
  DeleteMessageBatch: z.object({ Entries: z.array(receipt.extend({ Id: z.string() })) }),
  ChangeMessageVisibilityBatch: z.object({
    Entries: z.array(receipt.extend({ Id: z.string(), VisibilityTimeout: z.int().min(0).max(43_200) })),
  }),
  GetQueueAttributes: z.object({ AttributeNames: z.array(z.string()).default([]) }),
  GetQueueUrl: z.object({ QueueName: z.string() }),
  StartMessageMoveTask: z.object({ SourceArn: z.string(), DestinationArn: z.string().optional() }),
  ListMessageMoveTasks: z.object({ SourceArn: z.string() }),
};

/** `now` is the queue's clock, in milliseconds since 1970. */
export async function startFakeSqs(now: () => number = Date.now): Promise<FakeSqs> {
  const queue = new FakeQueue('cistern-spool', now);
  const deadLetters = new FakeQueue('cistern-dead-letters', now);
  queue.deadLetters = deadLetters;
  const queues = [queue, deadLetters];
  const moved: { readonly source: FakeQueue; readonly count: number; readonly at: number }[] = [];

  const arnOf = ({ name }: FakeQueue) => `arn:aws:sqs:eu-west-1:${account}:${name}`;

  function queueAt(body: unknown): FakeQueue {
    const name = queueUrl.parse(body).QueueUrl.split('/').at(-1);
    const found = queues.find((each) => each.name === name);
    if (found === undefined) throw noQueue();
    return found;
  }

  function queueOf(arn: string): FakeQueue {
    const found = queues.find((each) => arnOf(each) === arn);
    if (found === undefined)
      throw new SqsRefusal('ResourceNotFoundException', 'The resource does not exist.');
    return found;
  }

  const perform: Record<SqsOperation, (body: unknown) => unknown> = {
    SendMessage(body) {
      const { MessageBody: text } = inputs.SendMessage.parse(body);
      if (Buffer.byteLength(text) > maxMessageBytes) {
        throw new SqsRefusal('InvalidParameterValue', 'Message must be shorter than 1048576 bytes.');
      }
      return { MessageId: queueAt(body).send(text).id, MD5OfMessageBody: md5(text) };
    },
    ReceiveMessage(body) {
      const input = inputs.ReceiveMessage.parse(body);
      const asked = new Set([...input.MessageSystemAttributeNames, ...input.AttributeNames]);
      const received = queueAt(body).receive(input.MaxNumberOfMessages, input.VisibilityTimeout);
      const messages = received.map((message) => {
        const known = {
          SenderId: 'AIDAFAKEFAKEFAKEFAKE',
          SentTimestamp: String(message.sentAt),
          ApproximateReceiveCount: String(message.receives),
          ApproximateFirstReceiveTimestamp: String(message.firstReceivedAt),
        };
        const attributes = Object.entries(known).filter(([name]) => asked.has('All') || asked.has(name));
        return {
          MessageId: message.id,
          ReceiptHandle: message.receipt,
          MD5OfBody: md5(message.body),
          Body: message.body,
          ...(attributes.length === 0 ? {} : { Attributes: Object.fromEntries(attributes) }),
        };
      });
      return messages.length === 0 ? {} : { Messages: messages };
    },
    DeleteMessage(body) {
      queueAt(body).delete(receipt.parse(body).ReceiptHandle);
      return {};
    },
    DeleteMessageBatch(body) {
      const target = queueAt(body);
      return each(inputs.DeleteMessageBatch.parse(body).Entries, ({ ReceiptHandle: handle }) =>
        target.delete(handle),
      );
    },
    ChangeMessageVisibility(body) {
      const input = inputs.ChangeMessageVisibility.parse(body);
      queueAt(body).changeVisibility(input.ReceiptHandle, input.VisibilityTimeout);
      return {};
    },
    ChangeMessageVisibilityBatch(body) {
      const target = queueAt(body);
      return each(inputs.ChangeMessageVisibilityBatch.parse(body).Entries, (entry) =>
        target.changeVisibility(entry.ReceiptHandle, entry.VisibilityTimeout),
      );
    },
    GetQueueAttributes(body) {
      const { AttributeNames: names } = inputs.GetQueueAttributes.parse(body);
      const found = queueAt(body);
      const { visibilitySeconds, maxReceives } = found.settings;
      const known = {
        QueueArn: arnOf(found),
        ApproximateNumberOfMessages: String(found.visible),
        ApproximateNumberOfMessagesNotVisible: String(found.hidden),
        ApproximateNumberOfMessagesDelayed: '0',
        VisibilityTimeout: String(visibilitySeconds),
        ...(found.deadLetters === undefined
          ? {}
          : {
              RedrivePolicy: JSON.stringify({
                deadLetterTargetArn: arnOf(found.deadLetters),
                maxReceiveCount: maxReceives,
              }),
            }),
      };
      const asked = Object.entries(known).filter(([name]) => names.includes('All') || names.includes(name));
      return { Attributes: Object.fromEntries(asked) };
    },
    GetQueueUrl(body) {
      const { QueueName: name } = inputs.GetQueueUrl.parse(body);
      const found = queues.find((one) => one.name === name);
      if (found === undefined) throw noQueue();
      return { QueueUrl: urlAt(service.url, found) };
    },
    StartMessageMoveTask(body) {
      const input = inputs.StartMessageMoveTask.parse(body);
      const source = queueOf(input.SourceArn);
      const origin = queues.find((one) => one.deadLetters === source);
      if (origin === undefined) {
        throw new SqsRefusal('InvalidParameterValue', 'Source queue must be configured as a DLQ.');
      }
      const target = input.DestinationArn === undefined ? origin : queueOf(input.DestinationArn);
      moved.unshift({ source, count: source.moveAllTo(target), at: now() });
      return { TaskHandle: `task-${moved.length}` };
    },
    ListMessageMoveTasks(body) {
      const source = queueOf(inputs.ListMessageMoveTasks.parse(body).SourceArn);
      const results = moved
        .filter((task) => task.source === source)
        .map(({ count, at }) => ({
          Status: 'COMPLETED',
          SourceArn: arnOf(source),
          ApproximateNumberOfMessagesMoved: count,
          ApproximateNumberOfMessagesToMove: count,
          StartedTimestamp: at,
        }));
      return { Results: results.slice(0, 1) };
    },
    // A move is at its end when it has begun: there is never one to cancel.
    CancelMessageMoveTask() {
      throw new SqsRefusal('ResourceNotFoundException', 'The task does not exist or is not running.');
    },
  };

  const service = await startFakeService<SqsOperation>({
    identify({ headers, body }) {
      const target = String(headers['x-amz-target']).replace('AmazonSQS.', '');
      const operation = operations.find((name) => name === target);
      if (operation === undefined) return undefined;
      const { data } = queueUrl.safeParse(parsed(body));
      return { operation, key: data?.QueueUrl.split('/').at(-1) ?? '' };
    },
    perform({ operation, body }) {
      try {
        return json(200, perform[operation](parsed(body)));
      } catch (cause) {
        if (cause instanceof SqsRefusal) return error(400, cause.code, cause.message);
        return error(400, 'InvalidParameterValue', String(cause));
      }
    },
    error,
  });

  return {
    ...service,
    queue,
    queueUrl: urlAt(service.url, queue),
    deadLetters,
    deadLettersUrl: urlAt(service.url, deadLetters),
    urlAt,
  };
}

function urlAt(origin: string, { name }: FakeQueue): string {
  return `${origin}/${account}/${name}`;
}

/** Carries out a batch, entry by entry: one that is refused holds back no other. */
function each<T extends { readonly Id: string }>(entries: readonly T[], work: (entry: T) => void) {
  if (entries.length === 0) throw new SqsRefusal('EmptyBatchRequest', 'There should be at least one entry.');
  if (entries.length > 10) {
    throw new SqsRefusal('TooManyEntriesInBatchRequest', 'Maximum number of entries per request are 10.');
  }
  if (new Set(entries.map(({ Id }) => Id)).size < entries.length) {
    throw new SqsRefusal('BatchEntryIdsNotDistinct', 'Two or more batch entries have the same Id.');
  }
  const successful: { Id: string }[] = [];
  const failed: { Id: string; Code: string; SenderFault: boolean }[] = [];
  for (const entry of entries) {
    try {
      work(entry);
      successful.push({ Id: entry.Id });
    } catch (cause) {
      if (!(cause instanceof SqsRefusal)) throw cause;
      failed.push({ Id: entry.Id, Code: cause.code, SenderFault: true });
    }
  }
  return { Successful: successful, Failed: failed };
}

function noQueue(): SqsRefusal {
  return new SqsRefusal('QueueDoesNotExist', 'The specified queue does not exist.');
}

function parsed(body: Buffer): unknown {
  return JSON.parse(body.toString());
}

function error(status: number, code: string | undefined, message: string): FakeAnswer {
  if (code === undefined) return { status, headers: { 'content-type': 'text/html' }, body: '<h1>oops' };
  return json(status, { __type: `com.amazonaws.sqs#${code}`, message });
}

function json(status: number, body: unknown): FakeAnswer {
  return { status, headers: { 'content-type': 'application/x-amz-json-1.0' }, body: JSON.stringify(body) };
}
