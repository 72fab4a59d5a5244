import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import type { SealedBatch } from '../../../lib/archive/format/seal.ts';
import { StoreError } from '../../../lib/archive/store/store.ts';
import { DeferredSpool } from '../../../lib/receiver/deferred-spool.ts';
import { decodeMessage, maxMessageMemberBytes } from '../../../lib/spool/message.ts';
import { queuedMessage, SqsPostponer } from '../../../lib/spool/sqs/sqs-queue.ts';
import { createSqsClient, SqsSpool } from '../../../lib/spool/sqs/sqs-spool.ts';
import { seal } from '../../support/batches.ts';
import { type FakeAws, startFakeAws } from '../../support/fake-aws.ts';
import { md5 } from '../../support/fake-queue.ts';
import { MemorySpool } from '../../support/memory-spool.ts';
import { batch, message } from '../../support/messages.ts';
import { sqsRecord } from '../../support/sqs-event.ts';

let aws: FakeAws;
let client: ReturnType<typeof createSqsClient>;
let sealed: SealedBatch;
const patient = () => new AbortController().signal;

beforeEach(async () => {
  aws = await startFakeAws();
  client = createSqsClient(aws.sqsClientConfig());
  sealed = await seal(batch(message('MarkedLogLine')));
});

afterEach(async () => {
  client.destroy();
  await aws.close();
});

describe('a member on its way into the queue', () => {
  const put = (signal = patient()) => new SqsSpool(client, aws.sqs.queueUrl).put(sealed, signal);

  test('is one message, which says all that it takes to archive it', async () => {
    await put();
    const [only, ...others] = aws.sqs.queue.messages;
    expect(others).toEqual([]);
    expect(decodeMessage(only?.body ?? '')).toMatchObject({ key: sealed.key, member: sealed.member });
  });

  test('may be as large as it says, and then fills a message', async () => {
    const spool = new SqsSpool(client, aws.sqs.queueUrl);
    const member = Buffer.alloc(spool.maxMemberBytes);
    await spool.put({ key: sealed.key, member }, patient());
    const length = aws.sqs.queue.messages[0]?.body.length ?? 0;
    expect(length).toBeLessThanOrEqual(1024 * 1024);
    expect(length).toBeGreaterThan(1024 * 1024 - 1024);
    expect(spool.maxMemberBytes).toBe(maxMessageMemberBytes);
  });

  test.each([
    ['unavailable', { status: 500, code: 'InternalError' }],
    ['unavailable', { status: 503, code: 'ServiceUnavailable' }],
    ['unavailable', { status: 502 }],
    ['unavailable', { reset: true }],
    ['unavailable', { loseResponse: true }],
    ['unavailable', { cutResponse: true }],
    ['throttled', { status: 400, code: 'RequestThrottled' }],
    ['throttled', { status: 400, code: 'ThrottlingException' }],
    ['throttled', { status: 400, code: 'KmsThrottled' }],
    ['refused', { status: 400, code: 'QueueDoesNotExist' }],
    ['refused', { status: 400, code: 'KmsDisabled' }],
    ['refused', { status: 403, code: 'AccessDeniedException' }],
    ['refused', { status: 403, code: 'InvalidClientTokenId' }],
  ] as const)('is not known to be there (%s) after %j, of which one attempt is made', async (code, fault) => {
    aws.sqs.always(fault);
    const failure = await put().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StoreError);
    expect(failure).toMatchObject({ code, retry: code !== 'refused' });
    expect(String(failure)).not.toContain('MarkedLogLine');
    expect(aws.sqs.requests).toHaveLength(1);
  });

  test('is not known to be there when the wait for the answer is over', async () => {
    aws.sqs.always({ hang: true });
    const controller = new AbortController();
    const failure = put(controller.signal).catch((error: unknown) => error);
    await aws.sqs.arrived(1);
    controller.abort();
    expect(await failure).toMatchObject({ code: 'unavailable' });
  });

  test('is not known to be there when the queue has another text than was sent', async () => {
    const other = createServer((request, response) => {
      request.resume().on('end', () => {
        response.end(JSON.stringify({ MessageId: 'm-1', MD5OfMessageBody: md5('another text') }));
      });
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const port = z.object({ port: z.number() }).parse(other.address()).port;
    const endpoint = `http://127.0.0.1:${port}`;
    const confused = createSqsClient({ ...aws.sqsClientConfig(), endpoint });
    const spool = new SqsSpool(confused, `${endpoint}/123456789012/spool`);
    await expect(spool.put(sealed, patient())).rejects.toMatchObject({ code: 'unavailable' });
    confused.destroy();
    other.close();
  });

  test('says what to do', async () => {
    aws.sqs.next({ status: 400, code: 'QueueDoesNotExist' }, { status: 403, code: 'AccessDeniedException' });
    await expect(put()).rejects.toThrow('there is no such queue: deploy the stage again');
    await expect(put()).rejects.toThrow('allow sqs:SendMessage on it');
  });
});

describe('a spool that is loaded when it is needed', () => {
  test('is not loaded before, and once', async () => {
    let loads = 0;
    const memory = new MemorySpool();
    const spool = new DeferredSpool(async () => {
      loads += 1;
      return memory;
    });
    expect(spool.maxMemberBytes).toBe(maxMessageMemberBytes);
    expect(loads).toBe(0);
    await Promise.all([spool.put(sealed, patient()), spool.put(sealed, patient())]);
    expect(loads).toBe(1);
    expect(memory.held).toHaveLength(2);
  });

  test('is loaded again when that failed', async () => {
    const memory = new MemorySpool();
    const loads = [Promise.reject(new Error('EMFILE')), Promise.resolve(memory)];
    const spool = new DeferredSpool(() => loads.shift() ?? Promise.resolve(memory));
    await expect(spool.put(sealed, patient())).rejects.toThrow('EMFILE');
    await spool.put(sealed, patient());
    expect(memory.held).toHaveLength(1);
  });

  test('fails as the spool does', async () => {
    const memory = new MemorySpool();
    memory.script.push(new StoreError('throttled', 'slowly'));
    await expect(new DeferredSpool(async () => memory).put(sealed, patient())).rejects.toThrow('slowly');
  });
});

describe('a message as Lambda hands it over', () => {
  test('has its receives and when it was sent', () => {
    const record = sqsRecord('text', { receives: 7, sentAt: 1_763_683_200_000 });
    expect(queuedMessage(record)).toMatchObject({
      id: record.messageId,
      text: 'text',
      receives: 7,
      sentAt: 1_763_683_200_000,
    });
  });

  test('is new when it does not say', () => {
    const record = sqsRecord('text');
    const attributes = { ...record.attributes, ApproximateReceiveCount: '', SentTimestamp: '' };
    const before = Date.now();
    const { receives, sentAt } = queuedMessage({ ...record, attributes });
    expect(receives).toBe(1);
    expect(sentAt).toBeGreaterThanOrEqual(before);
  });
});

describe('messages that stay', () => {
  const postpone = (receipts: readonly string[]) =>
    new SqsPostponer(client, aws.sqs.queueUrl).postpone(
      receipts.map((receipt, index) => ({ id: receipt, receipt, seconds: 15 + (index % 16) })),
    );

  function receive(count: number): string[] {
    for (let sent = 0; sent < count; sent += 1) aws.sqs.queue.send(String(sent));
    return aws.sqs.queue.receive(count, 390).map(({ receipt = '' }) => receipt);
  }

  test('come back each after its own seconds, ten a call', async () => {
    const before = Date.now();
    await postpone(receive(23));
    expect(aws.sqs.requests).toHaveLength(3);
    for (const { hiddenUntil } of aws.sqs.queue.messages) {
      expect(hiddenUntil).toBeGreaterThanOrEqual(before + 15_000);
      expect(hiddenUntil).toBeLessThanOrEqual(Date.now() + 30_000);
    }
  });

  test('that somebody else has received since are left to them', async () => {
    const [stale = '', ...others] = receive(3);
    aws.sqs.queue.showAll();
    const [taken] = aws.sqs.queue.receive(1, 390);
    await postpone([stale, ...others]);
    const kept = aws.sqs.queue.messages.find(({ id }) => id === taken?.id);
    expect(kept?.hiddenUntil).toBe(taken?.hiddenUntil);
  });

  test('of a call that fails hold back no others, and the failure is told', async () => {
    const before = Date.now();
    const receipts = receive(30);
    aws.sqs.next({ status: 403, code: 'AccessDeniedException' });
    await expect(postpone(receipts)).rejects.toThrow('allow sqs:ChangeMessageVisibility on it');
    const soon = aws.sqs.queue.messages.filter(({ hiddenUntil }) => hiddenUntil < before + 60_000);
    expect(soon).toHaveLength(20);
  });

  test('are none: nothing is asked', async () => {
    await postpone([]);
    expect(aws.sqs.requests).toEqual([]);
  });
});
