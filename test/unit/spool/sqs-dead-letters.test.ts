import {
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SqsDeadLetters } from '../../../lib/spool/sqs/sqs-dead-letters.ts';
import { createSqsClient } from '../../../lib/spool/sqs/sqs-spool.ts';
import { type FakeSqs, startFakeSqs } from '../../support/fake-sqs.ts';

const credentials = { accessKeyId: 'AKIAFAKEFAKEFAKEFAKE', secretAccessKey: 'fake' };

describe('SqsDeadLetters', () => {
  let sqs: FakeSqs;
  let deadLetters: SqsDeadLetters;

  beforeEach(async () => {
    sqs = await startFakeSqs();
    deadLetters = new SqsDeadLetters(
      createSqsClient({ endpoint: sqs.url, region: 'eu-west-1', credentials }),
      sqs,
    );
  });
  afterEach(() => sqs.close());

  it('looks at dead letters, and leaves all of them', async () => {
    for (let i = 0; i < 13; i += 1) sqs.deadLetters.send(`text ${i}`);

    const found = await deadLetters.peek(100);

    expect(found.map(({ text }) => text).sort()).toEqual(
      sqs.deadLetters.messages.map(({ body }) => body).sort(),
    );
    expect(found[0]).toMatchObject({ receives: 1, sentAt: expect.closeTo(Date.now(), -5) });
    expect(sqs.deadLetters.messages).toHaveLength(13);
  });

  it('looks at no more than was asked for, and shows each once', async () => {
    for (let i = 0; i < 13; i += 1) sqs.deadLetters.send(`text ${i}`);
    sqs.deadLetters.misbehave({ seed: 1, redelivered: 0.5, reordered: true });

    const found = await deadLetters.peek(12);

    expect(found.length).toBe(12);
    expect(new Set(found.map(({ id }) => id)).size).toBe(12);
  });

  it('finds none where there are none', async () => {
    expect(await deadLetters.peek(20)).toEqual([]);
  });

  it('moves them back to the queue, the hidden ones as well', async () => {
    sqs.deadLetters.send('one');
    sqs.deadLetters.send('two');
    await deadLetters.peek(1);

    await deadLetters.keepMoving();

    expect(sqs.deadLetters.messages).toEqual([]);
    expect(sqs.queue.messages.map(({ body }) => body).sort()).toEqual(['one', 'two']);
  });

  it.each([
    ['ReceiveMessage', () => deadLetters.peek(1)],
    ['ListMessageMoveTasks', () => deadLetters.keepMoving()],
    ['StartMessageMoveTask', () => deadLetters.keepMoving()],
    ['GetQueueAttributes', () => deadLetters.keepMoving()],
  ] as const)('names the permission that is missing: %s', async (operation, call) => {
    sqs.next({ on: operation, status: 403, code: 'AccessDeniedException' });

    await expect(call()).rejects.toThrow(`allow sqs:${operation}`);
  });
});

describe('keepMoving', () => {
  const client = new SQSClient({ region: 'eu-west-1' });
  const mock = mockClient(client);
  let deadLetters: SqsDeadLetters;
  const newest = (Status: string | undefined, StartedTimestamp = 1, FailureReason?: string) =>
    mock.on(ListMessageMoveTasksCommand).resolves({
      Results:
        Status === undefined
          ? []
          : [{ Status, StartedTimestamp, ...(FailureReason ? { FailureReason } : {}) }],
    });
  const started = () => mock.commandCalls(StartMessageMoveTaskCommand).length;

  beforeEach(() => {
    mock.reset();
    mock
      .on(GetQueueAttributesCommand)
      .callsFake(({ QueueUrl }) => ({ Attributes: { QueueArn: `arn:${QueueUrl}` } }));
    mock.on(StartMessageMoveTaskCommand).resolves({});
    deadLetters = new SqsDeadLetters(client, {
      queueUrl: 'queue',
      deadLettersUrl: 'dead',
    });
  });
  afterEach(() => vi.restoreAllMocks());

  it('says where from and where to', async () => {
    newest(undefined);

    await deadLetters.keepMoving();

    expect(mock.commandCalls(StartMessageMoveTaskCommand)[0]?.args[0].input).toEqual({
      SourceArn: 'arn:dead',
      DestinationArn: 'arn:queue',
    });
  });

  it('begins none while one is under way, whoever began it', async () => {
    newest('RUNNING');
    await deadLetters.keepMoving();
    newest('CANCELLING');
    await deadLetters.keepMoving();

    expect(started()).toBe(0);
  });

  it('lets somebody else be faster', async () => {
    mock
      .on(ListMessageMoveTasksCommand)
      .resolvesOnce({ Results: [] })
      .resolves({ Results: [{ Status: 'RUNNING', StartedTimestamp: 1 }] });
    mock.on(StartMessageMoveTaskCommand).rejects(new Error('there is one'));

    await expect(deadLetters.keepMoving()).resolves.toBeUndefined();
  });

  it('begins another only when what was hidden is visible again', async () => {
    let now = 1_000_000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    newest('FAILED', 1, 'of another time');

    await deadLetters.keepMoving();
    newest('COMPLETED', 2);
    now += 30_000;
    await deadLetters.keepMoving();
    expect(started()).toBe(1);

    now += 10_000;
    await deadLetters.keepMoving();
    expect(started()).toBe(2);
  });

  it('says why the move failed that it began, and not an older one', async () => {
    newest('FAILED', 1, 'of another time');
    await deadLetters.keepMoving();
    await deadLetters.keepMoving();

    newest('FAILED', 2, 'AccessDenied');

    await expect(deadLetters.keepMoving()).rejects.toThrow(/FAILED \(AccessDenied\).*sqs:SendMessage/);
  });
});
