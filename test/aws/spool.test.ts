import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import type { LambdaFunctionURLEvent, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { buildFunctions } from '../../esbuild.config.ts';
import { createS3Client, S3Store } from '../../lib/archive/store/aws/s3-store.ts';
import { createSsmClient, SsmParameters } from '../../lib/drains/aws/ssm-parameters.ts';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { formatSecret } from '../../lib/drains/registry.ts';
import { S3Ledger } from '../../lib/ledger/aws/s3-ledger.ts';
import { maxReceives } from '../../lib/spool/queue.ts';
import { setAsidePrefix } from '../../lib/spool/set-aside.ts';
import { createSqsClient } from '../../lib/spool/sqs/sqs-spool.ts';
import { functionUrlEvent } from '../support/function-url-event.ts';
import { batch, message, overflow } from '../support/messages.ts';
import { basic, sharedSecret } from '../support/receiver.ts';
import { SqsPoller } from '../support/sqs-poller.ts';
import { makeBucket } from './buckets.ts';

/** The bundled receiver, a queue and the bundled archiver, on moto; what Lambda does between them, a poller does. */

const s3 = createS3Client();
const ssm = createSsmClient();
const sqs = createSqsClient();
const context = { getRemainingTimeInMillis: () => 60_000 };
let dist: string;
let queueUrl: string;
let deadLettersUrl: string;
let store: S3Store;
let ledger: S3Ledger;
let send: (event: LambdaFunctionURLEvent) => Promise<unknown>;
let archive: (event: SQSEvent, context: unknown) => Promise<unknown>;

beforeAll(async () => {
  dist = await mkdtemp(join(tmpdir(), 'cistern-dist-'));
  await buildFunctions(dist);
});

afterAll(async () => {
  for (const client of [s3, ssm, sqs]) client.destroy();
  await rm(dist, { recursive: true, force: true });
});

beforeEach(async () => {
  const [bucket, ledgerBucket] = [await makeBucket(s3), await makeBucket(s3)];
  store = new S3Store(s3, bucket);
  ledger = new S3Ledger(s3, ledgerBucket);
  deadLettersUrl = await makeQueue({});
  queueUrl = await makeQueue({
    VisibilityTimeout: '390',
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: (await attributesOf(deadLettersUrl))['QueueArn'],
      maxReceiveCount: maxReceives,
    }),
  });
  const stage = randomUUID();
  const parameters = new SsmParameters(ssm, stage);
  await parameters.put('drains/secrets/first', formatSecret({ sha256: hashSecret(sharedSecret) }));
  const variables = {
    CISTERN_STAGE: stage,
    CISTERN_BUCKET: bucket,
    CISTERN_LEDGER: ledgerBucket,
    CISTERN_QUEUE_URL: queueUrl,
    CISTERN_DELIVERY: 'buffered',
    CISTERN_MAX_OBJECT_BYTES: String(16 * 1024 * 1024),
    // Metrics and logs through the console, where vitest shows them only for a failure.
    POWERTOOLS_DEV: 'true',
  };
  Object.assign(process.env, variables);
  send = await handlerOf('receiver');
  archive = await handlerOf('archiver');
});

/** A new one each time, as after a cold start. */
async function handlerOf<T>(name: string): Promise<T> {
  const url = pathToFileURL(join(dist, name, 'index.mjs'));
  const bundle: unknown = await import(`${url.href}?${randomUUID()}`);
  return z.object({ handler: z.custom<T>((value) => typeof value === 'function') }).parse(bundle).handler;
}

async function makeQueue(attributes: Readonly<Record<string, string>>): Promise<string> {
  const made = await sqs.send(
    new CreateQueueCommand({ QueueName: `spool-${randomUUID()}`, Attributes: attributes }),
  );
  return z.string().parse(made.QueueUrl);
}

async function attributesOf(QueueUrl: string): Promise<Readonly<Record<string, string>>> {
  const { Attributes: found = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }),
  );
  return found;
}

/** Messages in the queue, those under way too. */
async function waiting(): Promise<number> {
  const found = await attributesOf(queueUrl);
  return (
    Number(found['ApproximateNumberOfMessages']) + Number(found['ApproximateNumberOfMessagesNotVisible'])
  );
}

async function post(body: Buffer): Promise<void> {
  const headers = {
    authorization: basic('drain', sharedSecret),
    'content-type': 'application/logplex-1',
    'logplex-frame-id': randomUUID().replaceAll('-', ''),
  };
  expect(await send(functionUrlEvent({ path: '/shop', body, headers }))).toMatchObject({ statusCode: 200 });
}

const poller = () => new SqsPoller({ client: sqs, queueUrl, invoke: (event) => archive(event, context) });

async function stored(): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for await (const { key } of store.list('logs/', '')) found.push(await store.read(key));
  return found;
}

async function keptAside(): Promise<unknown[]> {
  const found: unknown[] = [];
  for await (const key of ledger.list(setAsidePrefix)) {
    found.push(JSON.parse(String((await ledger.read(key))?.body)));
  }
  return found;
}

describe('with buffered delivery', () => {
  it('batches go through the queue into one object, byte for byte', async () => {
    const epochMs = Date.now() - (Date.now() % 3_600_000);
    const bodies = [
      batch(overflow(3), message('GET / 200', epochMs)),
      batch(message('ünï\0code, and no end', epochMs + 1)),
      batch(message('three', epochMs + 2), message('four', epochMs + 3)),
    ];
    for (const body of bodies) await post(body);
    expect(await stored()).toEqual([]);
    expect(await waiting()).toBe(3);

    expect(await poller().once()).toMatchObject({ deleted: 3, kept: 0 });
    expect(await waiting()).toBe(0);
    const [object, ...others] = await stored();
    expect(others).toEqual([]);
    expect(gunzipSync(object ?? '')).toEqual(Buffer.concat(bodies));
  });

  it('a foreign message is set aside whole, and the rest goes on', async () => {
    const body = batch(message('one'));
    await post(body);
    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'a foreign message' }));

    expect(await poller().once()).toMatchObject({ deleted: 2, kept: 0 });
    expect((await stored()).map((object) => gunzipSync(object))).toEqual([body]);
    expect(await keptAside()).toEqual([
      expect.objectContaining({ v: 1, text: 'a foreign message', why: expect.stringContaining('not JSON') }),
    ]);
  });

  it('while the store fails, messages stay, come back within 15 to 30 s, and are archived then', async () => {
    const body = batch(message('one'));
    await post(body);
    process.env['CISTERN_BUCKET'] = `no-such-bucket-${randomUUID()}`;
    const failing = await handlerOf<typeof archive>('archiver');
    const before = Date.now();
    const broken = new SqsPoller({ client: sqs, queueUrl, invoke: (event) => failing(event, context) });
    expect(await broken.once()).toMatchObject({ deleted: 0, kept: 1 });
    expect(await attributesOf(queueUrl)).toMatchObject({ ApproximateNumberOfMessagesNotVisible: '1' });

    expect(await poller().once(45_000)).toMatchObject({ deleted: 1 });
    // Not after the 390 s of the queue.
    expect(Date.now() - before).toBeGreaterThanOrEqual(14_000);
    expect((await stored()).map((object) => gunzipSync(object))).toEqual([body]);
    const dead = await sqs.send(new ReceiveMessageCommand({ QueueUrl: deadLettersUrl }));
    expect(dead.Messages).toBeUndefined();
  });

  it('a batch is stored when the queue is gone', async () => {
    process.env['CISTERN_QUEUE_URL'] = `${queueUrl}-that-is-gone`;
    send = await handlerOf('receiver');
    const body = batch(message('one'));
    await post(body);
    expect((await stored()).map((object) => gunzipSync(object))).toEqual([body]);
  });
});

describe('with direct delivery', () => {
  it('a batch that the store does not take is in the queue, and is archived later', async () => {
    Object.assign(process.env, {
      CISTERN_DELIVERY: 'direct',
      CISTERN_BUCKET: `no-such-bucket-${randomUUID()}`,
    });
    send = await handlerOf('receiver');
    const body = batch(message('one'));
    await post(body);
    expect(await waiting()).toBe(1);
    expect(await poller().once()).toMatchObject({ deleted: 1 });
    expect((await stored()).map((object) => gunzipSync(object))).toEqual([body]);
  });
});
