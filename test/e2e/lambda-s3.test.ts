import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundleOf } from '../support/bundle.ts';
import {
  type LambdaFunction,
  markedSecret,
  markedText,
  newBatch,
  withReceiver,
} from '../support/lambda-function.ts';

beforeAll(async () => {
  await bundleOf('receiver');
});

const frame = { 'logplex-frame-id': 'c'.repeat(32) };

/** Sends a batch, and checks that Logplex still waits for the answer; after too long a start, that it comes soon. */
async function inTime(receiver: LambdaFunction, body = newBatch(), coldStartMs = 0): Promise<number> {
  const timeEpoch = Date.now() - coldStartMs;
  const status = await receiver.invoke({ body, headers: frame, timeEpoch });
  expect(receiver.answeredAt - timeEpoch).toBeLessThan(coldStartMs > 2_500 ? coldStartMs + 2_000 : 4_000);
  return status;
}

describe.concurrent('a failure of S3 that passes is tried again within the request', () => {
  test.each([
    ['500', [{ status: 500, code: 'InternalError' }]],
    ['500 that is not S3’s', [{ status: 502 }]],
    [
      '503 SlowDown',
      [
        { status: 503, code: 'SlowDown' },
        { status: 503, code: 'SlowDown' },
      ],
    ],
    ['409', [{ status: 409, code: 'ConditionalRequestConflict' }]],
    ['a reset connection', [{ reset: true }, { reset: true }]],
    ['a request that S3 got incomplete', [{ status: 400, code: 'RequestTimeout' }]],
  ] as const)('%s', (_, faults) =>
    withReceiver(async (receiver, aws) => {
      aws.s3.next(...faults);
      const body = newBatch();
      expect(await inTime(receiver, body)).toBe(200);
      expect(aws.s3.requests).toHaveLength(faults.length + 1);
      expect([...aws.s3.objects.values()].map((object) => gunzipSync(object))).toEqual([body]);
      expect(await receiver.samples()).toMatchObject([{ batches: 1, messages: 2 }]);
      expect(receiver.logged('ERROR')).toEqual([]);
    }),
  );
});

describe.concurrent('a batch that is stored already', () => {
  test('is a duplicate when the first attempt finds it so', () =>
    withReceiver(async (receiver, aws) => {
      const body = newBatch();
      expect(await inTime(receiver, body)).toBe(200);
      expect(await inTime(receiver, body)).toBe(200);
      const samples = await receiver.samples(2);
      expect(samples).toMatchObject([{ batches: 1 }, { duplicates: 1, latency: expect.any(Number) }]);
      expect(samples[1]).not.toHaveProperty('batches');
      expect(samples[1]).not.toHaveProperty('messages');
      expect([...aws.s3.versions.values()].map(({ length }) => length)).toEqual([1]);
    }));

  test('is none when an answer was lost, and the next attempt finds its own write', () =>
    withReceiver(async (receiver, aws) => {
      aws.s3.next({ loseResponse: true });
      const body = newBatch();
      expect(await inTime(receiver, body)).toBe(200);
      expect(aws.s3.requests).toHaveLength(2);
      const [sample] = await receiver.samples();
      expect(sample).toMatchObject({ batches: 1, messages: 2 });
      expect(sample).not.toHaveProperty('duplicates');
      expect([...aws.s3.versions.values()].map((versions) => versions.map((v) => gunzipSync(v)))).toEqual([
        [body],
      ]);
    }));
});

/** The spool takes nothing either: it has tests of its own. */
function withoutSpool(use: Parameters<typeof withReceiver>[0]): Promise<void> {
  return withReceiver(async (receiver, aws) => {
    aws.sqs.always({ status: 500, code: 'InternalError' });
    await use(receiver, aws);
  });
}

/** The sample of the n-th request: those of circuits that open and close apart. */
async function sampleOf(receiver: LambdaFunction, request: number) {
  const counted = (sample: object) => 'undelivered' in sample || 'latency' in sample;
  for (let lines = 1; ; lines += 1) {
    const found = (await receiver.samples(lines)).filter(counted)[request - 1];
    if (found !== undefined) return found;
  }
}

describe.concurrent('a failure of S3 that stays is answered 503 and counted as undelivered; once it passes, 200', () => {
  test.each([
    ['500', { status: 500, code: 'InternalError' }],
    ['503 SlowDown', { status: 503, code: 'SlowDown' }],
    ['409', { status: 409, code: 'ConditionalRequestConflict' }],
    ['403', { status: 403, code: 'AccessDenied' }],
    ['404', { status: 404, code: 'NoSuchBucket' }],
    ['no answer', { hang: true }],
    ['reset connections', { reset: true }],
  ] as const)('%s', (_, fault) =>
    withoutSpool(async (receiver, aws) => {
      aws.s3.always(fault);
      const body = newBatch();
      expect(await inTime(receiver, body)).toBe(503);
      expect(await sampleOf(receiver, 1)).toMatchObject({ app: 'my-app', undelivered: 1 });
      expect(receiver.logged('ERROR')).toHaveLength(1);
      expect(aws.s3.objects.size).toBe(0);
      aws.s3.always(undefined);
      expect(await inTime(receiver, body)).toBe(200);
      expect([...aws.s3.objects.values()].map((object) => gunzipSync(object))).toEqual([body]);
      expect(await sampleOf(receiver, 2)).toMatchObject({ batches: 1 });
    }),
  );

  test('answers that are lost every time: the sender’s own retry finds one object, and is a duplicate', () =>
    withoutSpool(async (receiver, aws) => {
      aws.s3.next({ loseResponse: true });
      aws.s3.always({ hang: true });
      const body = newBatch();
      expect(await inTime(receiver, body)).toBe(503);
      aws.s3.always(undefined);
      expect(await inTime(receiver, body)).toBe(200);
      expect([...aws.s3.versions.values()].map(({ length }) => length)).toEqual([1]);
      expect(await sampleOf(receiver, 2)).toMatchObject({ duplicates: 1 });
    }));

  test('no answer, after a cold start that took the time: it is given up soon', () =>
    withoutSpool(async (receiver, aws) => {
      aws.s3.always({ hang: true });
      expect(await inTime(receiver, newBatch(), 2_000)).toBe(503);
      expect(await inTime(receiver, newBatch(), 5_000)).toBe(503);
    }));
});

describe.concurrent('what store and spool say of a failure is not repeated: it may quote what was sent', () => {
  const quote = `${markedText} ${markedSecret}`;

  test.each([
    [
      'an error of S3',
      403,
      `<Error><Code>AccessDenied</Code><Message>${quote}</Message><X>${quote}</X></Error>`,
    ],
    ['an error without a code', 403, `<Error><Message>${quote}</Message></Error>`],
    ['an error that breaks off', 500, `<Error><Code>InternalError</Code><Message>${quote}`],
    ['a page of something in between', 502, `<html>${quote}</h1>`],
    ['plain text', 500, quote],
  ])('%s', async (_, status, said) => {
    const quoting = createServer((request, response) => {
      request.resume().on('end', () => {
        response
          .writeHead(status, { 'content-type': 'application/xml', 'x-amz-request-id': quote })
          .end(said);
      });
    });
    const address = await new Promise<AddressInfo | string | null>((resolve) => {
      quoting.listen(0, '127.0.0.1', () => resolve(quoting.address()));
    });
    const port = typeof address === 'object' ? address?.port : undefined;
    await withReceiver(
      async (receiver) => {
        expect(await receiver.invoke()).toBe(503);
        await sampleOf(receiver, 1);
        expect(receiver.logged('ERROR')).toMatchObject([
          { error: { message: expect.stringMatching(/^neither store nor spool took it: /) } },
        ]);
      },
      {
        AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
        AWS_ENDPOINT_URL_SQS: `http://127.0.0.1:${port}`,
        CISTERN_QUEUE_URL: `http://127.0.0.1:${port}/123456789012/spool`,
      },
    );
    quoting.close();
  });
});
