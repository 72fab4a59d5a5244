import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSqsClient } from '../../../lib/spool/sqs/sqs-spool.ts';
import { type FakeSqs, startFakeSqs } from '../../support/fake-sqs.ts';
import { SqsPoller } from '../../support/sqs-poller.ts';

/** That the queue which stands in for SQS does what SQS's reference says. */

let sqs: FakeSqs;
let now: number;
let client: ReturnType<typeof createSqsClient>;

beforeEach(async () => {
  now = Date.UTC(2026, 10, 21);
  sqs = await startFakeSqs(() => now);
  client = createSqsClient({
    endpoint: sqs.url,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'fake', secretAccessKey: 'fake' },
  });
});

afterEach(async () => {
  client.destroy();
  await sqs.close();
});

const send = (text: string) =>
  client.send(new SendMessageCommand({ QueueUrl: sqs.queueUrl, MessageBody: text }));

async function receive(MaxNumberOfMessages = 10, QueueUrl = sqs.queueUrl) {
  const command = new ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages,
    MessageSystemAttributeNames: ['All'],
  });
  return (await client.send(command)).Messages ?? [];
}

test('a message is hidden while it is worked on, then comes back with another receipt', async () => {
  await send('one');
  const [first] = await receive();
  expect(first).toMatchObject({
    Body: 'one',
    Attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(now) },
  });
  expect(await receive()).toEqual([]);
  now += 30_000;
  const [second] = await receive();
  expect(second?.Attributes).toMatchObject({ ApproximateReceiveCount: '2' });

  await client.send(
    new DeleteMessageCommand({ QueueUrl: sqs.queueUrl, ReceiptHandle: first?.ReceiptHandle }),
  );
  expect(sqs.queue.messages).toHaveLength(1);
  await client.send(
    new DeleteMessageCommand({ QueueUrl: sqs.queueUrl, ReceiptHandle: second?.ReceiptHandle }),
  );
  expect(sqs.queue.messages).toEqual([]);
});

test('its visibility can be set by the receipt of whoever works on it', async () => {
  await send('one');
  const [message] = await receive();
  const change = { QueueUrl: sqs.queueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout: 20 };
  await client.send(new ChangeMessageVisibilityCommand(change));
  now += 20_000;
  await expect(client.send(new ChangeMessageVisibilityCommand(change))).rejects.toThrow('not in flight');
  expect(await receive()).toHaveLength(1);
  await expect(client.send(new ChangeMessageVisibilityCommand(change))).rejects.toThrow('not available');
});

test('a message that was received too often is a dead letter, and comes back anew by a redrive', async () => {
  sqs.queue.settings.maxReceives = 2;
  await send('one');
  for (let receives = 0; receives < 3; receives += 1) {
    await receive();
    now += 30_000;
  }
  expect(sqs.queue.messages).toEqual([]);
  expect(await receive(10, sqs.deadLettersUrl)).toMatchObject([{ Body: 'one' }]);

  const { Attributes: dead } = await client.send(
    new GetQueueAttributesCommand({ QueueUrl: sqs.deadLettersUrl, AttributeNames: ['All'] }),
  );
  expect(dead).toMatchObject({ ApproximateNumberOfMessagesNotVisible: '1' });
  await client.send(new StartMessageMoveTaskCommand({ SourceArn: dead?.QueueArn }));
  expect(await receive()).toMatchObject([{ Body: 'one', Attributes: { ApproximateReceiveCount: '1' } }]);
});

test('a message of more than a MiB is refused', async () => {
  await send('x'.repeat(1024 * 1024));
  await expect(send('x'.repeat(1024 * 1024 + 1))).rejects.toThrow('shorter than 1048576 bytes');
});

test('by its seed it delivers again and in another order, and loses nothing', async () => {
  const sent = Array.from({ length: 30 }, (_, index) => String(index));
  for (const text of sent) sqs.queue.send(text);
  sqs.queue.misbehave({ seed: 7, redelivered: 0.3, reordered: true });
  const came: string[] = [];
  for (let part = await receive(); part.length > 0; part = await receive()) {
    came.push(...part.map(({ Body: body = '' }) => body));
  }
  expect([...new Set(came)].sort()).toEqual([...sent].sort());
  expect(came.length).toBeGreaterThan(sent.length);
  expect(came.slice(0, 10)).not.toEqual(sent.slice(0, 10));
});

test('the poller deletes what was not reported as failed, and nothing when an invocation fails', async () => {
  for (const text of ['good', 'bad']) await send(text);
  const answers: (() => unknown)[] = [
    () => Promise.reject(new Error('crashed')),
    () => ({ batchItemFailures: [{ itemIdentifier: 'no such message' }] }),
    () => ({
      batchItemFailures: [{ itemIdentifier: sqs.queue.messages.find(({ body }) => body === 'bad')?.id }],
    }),
  ];
  const poller = new SqsPoller({
    client,
    queueUrl: sqs.queueUrl,
    invoke: async () => answers.shift()?.(),
  });
  for (const deleted of [0, 0, 1]) {
    expect(await poller.once()).toMatchObject({ deleted });
    sqs.queue.showAll();
  }
  expect(sqs.queue.messages).toMatchObject([{ body: 'bad' }]);
  expect(await poller.once()).toMatchObject({ deleted: 1 });
  expect(await poller.once()).toBeUndefined();
});

test('the poller makes events of at most a batch size and 6 MB', async () => {
  for (let count = 0; count < 8; count += 1) sqs.queue.send('x'.repeat(1024 * 1024));
  const sizes: number[] = [];
  const poller = new SqsPoller({
    client,
    queueUrl: sqs.queueUrl,
    batchSize: 4,
    invoke: async ({ Records: records }) => void sizes.push(records.length),
  });
  while ((await poller.once()) !== undefined) {
    // Until the queue is empty.
  }
  expect(sizes).toEqual([4, 4]);

  for (let count = 0; count < 8; count += 1) sqs.queue.send('x'.repeat(1024 * 1024));
  const wide = new SqsPoller({
    client,
    queueUrl: sqs.queueUrl,
    invoke: async ({ Records: records }) => void sizes.push(records.length),
  });
  while ((await wide.once()) !== undefined) {
    // Until the queue is empty.
  }
  expect(sizes.slice(2)).toEqual([5, 3]);
});
