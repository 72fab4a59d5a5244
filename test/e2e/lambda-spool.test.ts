import { randomBytes } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeMessage } from '../../lib/spool/message.ts';
import { bundleOf } from '../support/bundle.ts';
import type { FakeAws } from '../support/fake-aws.ts';
import { type LambdaFunction, markedText, newBatch, withReceiver } from '../support/lambda-function.ts';
import { batch, message } from '../support/messages.ts';

beforeAll(async () => {
  await bundleOf('receiver');
});

/** What the queue holds, as batches. */
function spooled(aws: FakeAws): Buffer[] {
  return aws.sqs.queue.messages.map(({ body }) => gunzipSync(decodeMessage(body).member));
}

function stored(aws: FakeAws): Buffer[] {
  return [...aws.s3.objects.values()].map((object) => gunzipSync(object));
}

async function inTime(receiver: LambdaFunction, body: Buffer): Promise<number> {
  const timeEpoch = Date.now();
  const status = await receiver.invoke({ body, timeEpoch });
  expect(receiver.answeredAt - timeEpoch).toBeLessThan(4_000);
  return status;
}

/** Random, so that its member is as large: more than a message holds. */
function largeBatch(): Buffer {
  const lines = Array.from({ length: 1_500 }, () => message(randomBytes(600).toString('base64')));
  return batch(message(markedText), ...lines);
}

describe.concurrent('delivered directly, a batch that S3 does not take is acknowledged because the spool has it', () => {
  test.each([
    ['no answer', { hang: true }],
    ['500', { status: 500, code: 'InternalError' }],
    ['503 SlowDown', { status: 503, code: 'SlowDown' }],
    ['403', { status: 403, code: 'AccessDenied' }],
    ['reset connections', { reset: true }],
  ] as const)('%s', (_, fault) =>
    withReceiver(async (receiver, aws) => {
      aws.s3.always(fault);
      const bodies = [newBatch(), newBatch()];
      for (const body of bodies) expect(await inTime(receiver, body)).toBe(200);
      expect(spooled(aws)).toEqual(bodies);
      expect(aws.s3.objects.size).toBe(0);
      expect(await receiver.sampleWith('spooled')).toMatchObject({ batches: 1, spooled: 1, messages: 2 });
    }),
  );

  test('but not one that is too large for the spool', () =>
    withReceiver(async (receiver, aws) => {
      aws.s3.next({ status: 500, code: 'InternalError' });
      const large = largeBatch();
      expect(await inTime(receiver, large)).toBe(200);
      expect(stored(aws).map((each) => each.equals(large))).toEqual([true]);
      aws.s3.always({ status: 500, code: 'InternalError' });
      expect(await inTime(receiver, largeBatch())).toBe(503);
      expect(aws.sqs.requests).toEqual([]);
    }));

  test('S3 is not asked for each batch of an outage', () =>
    withReceiver(async (receiver, aws) => {
      aws.s3.always({ hang: true });
      for (let count = 0; count < 5; count += 1) expect(await inTime(receiver, newBatch())).toBe(200);
      expect(aws.s3.requests).toHaveLength(1);
      expect(aws.sqs.queue.messages).toHaveLength(5);
      expect(await receiver.sampleWith('store-circuit-opened')).toBeDefined();
    }));
});

const buffered = { CISTERN_DELIVERY: 'buffered' };

describe.concurrent('delivered buffered', () => {
  test('a batch is acknowledged because the spool has it, byte for byte, and S3 is not asked', () =>
    withReceiver(async (receiver, aws) => {
      const body = newBatch();
      expect(await inTime(receiver, body)).toBe(200);
      expect(spooled(aws)).toEqual([body]);
      expect(aws.s3.requests).toEqual([]);
      expect(await receiver.samples()).toMatchObject([{ batches: 1, spooled: 1 }]);
    }, buffered));

  test.each([
    ['fails', { status: 500, code: 'InternalError' }],
    ['throttles', { status: 400, code: 'RequestThrottled' }],
    ['is gone', { status: 400, code: 'QueueDoesNotExist' }],
    ['refuses', { status: 403, code: 'AccessDeniedException' }],
    ['does not answer', { hang: true }],
    ['breaks its answers off', { cutResponse: true }],
  ] as const)('a batch is stored when the queue %s', (_, fault) =>
    withReceiver(async (receiver, aws) => {
      aws.sqs.always(fault);
      const body = newBatch();
      expect(await inTime(receiver, body)).toBe(200);
      expect(stored(aws)).toEqual([body]);
    }, buffered),
  );

  test('a batch that is too large for a message is stored', () =>
    withReceiver(async (receiver, aws) => {
      const large = largeBatch();
      expect(await inTime(receiver, large)).toBe(200);
      expect(stored(aws).map((each) => each.equals(large))).toEqual([true]);
      expect(aws.sqs.requests).toEqual([]);
    }, buffered));

  test('an answer that is lost costs a second message of the same member, which is read once', () =>
    withReceiver(async (receiver, aws) => {
      aws.sqs.next({ loseResponse: true });
      const body = newBatch();
      expect(await inTime(receiver, body)).toBe(200);
      expect(spooled(aws)).toEqual([body, body]);
      const keys = aws.sqs.queue.messages.map(({ body: text }) => decodeMessage(text).key);
      expect(new Set(keys).size).toBe(1);
    }, buffered));

  test('a batch that neither takes is answered 503', () =>
    withReceiver(async (receiver, aws) => {
      aws.sqs.always({ hang: true });
      aws.s3.always({ hang: true });
      expect(await inTime(receiver, newBatch())).toBe(503);
    }, buffered));
});
