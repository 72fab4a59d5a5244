import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { buildFunctions } from '../../esbuild.config.ts';
import { createS3Client, S3Store } from '../../lib/archive/store/aws/s3-store.ts';
import { createSsmClient, SsmParameters } from '../../lib/drains/aws/ssm-parameters.ts';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { formatSecret } from '../../lib/drains/registry.ts';
import { batch, message, overflow } from '../support/messages.ts';
import { makeBucket } from './buckets.ts';

const secret = 'aSecretThatIsLive';
const s3 = createS3Client();
const ssm = createSsmClient();
let store: S3Store;
let dist: string;
let handler: (event: LambdaFunctionURLEvent) => Promise<unknown>;

beforeAll(async () => {
  const bucket = await makeBucket(s3);
  const stage = randomUUID();
  store = new S3Store(s3, bucket);
  const parameters = new SsmParameters(ssm, stage);
  await parameters.put('drains/secrets/first', formatSecret({ sha256: hashSecret(secret) }));
  await parameters.put('drains/listed/0', 'shop');
  // POWERTOOLS_DEV sends metrics and logs through the console, where vitest shows them only for a failure.
  Object.assign(process.env, {
    CISTERN_STAGE: stage,
    CISTERN_BUCKET: bucket,
    // None is there: nothing here is spooled.
    CISTERN_QUEUE_URL: 'https://sqs.eu-west-1.amazonaws.com/123456789012/none',
    CISTERN_DELIVERY: 'direct',
    POWERTOOLS_DEV: 'true',
  });
  dist = await mkdtemp(join(tmpdir(), 'cistern-dist-'));
  await buildFunctions(dist);
  const bundle: unknown = await import(pathToFileURL(join(dist, 'receiver', 'index.mjs')).href);
  handler = z
    .object({ handler: z.custom<typeof handler>((value) => typeof value === 'function') })
    .parse(bundle).handler;
});
afterAll(async () => {
  s3.destroy();
  ssm.destroy();
  await rm(dist, { recursive: true, force: true });
});

const token = 'd.01234567-89ab-cdef-0123-456789abcdef';
const body = batch(overflow(3), message('GET / 200'), message('ünï\0code, and no end'));

/** What a function URL hands over (payload format 2.0) when Logplex posts a batch. */
function logplexEvent({ user = 'drain', password = secret, path = '/shop' } = {}): LambdaFunctionURLEvent {
  const host = 'abcdefghij.lambda-url.eu-west-1.on.aws';
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: '',
    headers: {
      authorization: `Basic ${btoa(`${user}:${password}`)}`,
      'content-length': String(body.length),
      'content-type': 'application/logplex-1',
      host,
      'logplex-drain-token': token,
      'logplex-frame-id': '0123456789ABCDEF0123456789ABCDEF',
      'logplex-msg-count': '3',
      'user-agent': 'Logplex/v73',
      'x-forwarded-for': '192.0.2.1',
      'x-forwarded-port': '443',
      'x-forwarded-proto': 'https',
    },
    requestContext: {
      accountId: 'anonymous',
      apiId: 'abcdefghij',
      domainName: host,
      domainPrefix: 'abcdefghij',
      http: { method: 'POST', path, protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'Logplex/v73' },
      requestId: randomUUID(),
      routeKey: '$default',
      stage: '$default',
      time: '21/Nov/2026:12:00:00 +0000',
      timeEpoch: Date.now(),
    },
    body: body.toString('base64'),
    isBase64Encoded: true,
  };
}

async function stored(): Promise<{ key: string; bytes: Buffer }[]> {
  const found: { key: string; bytes: Buffer }[] = [];
  for await (const { key } of store.list('logs/', '')) found.push({ key, bytes: await store.read(key) });
  return found;
}

// Its parts follow from each other, so it is one test.
it('the bundled receiver stores a batch once, byte for byte, for those who may send', async () => {
  expect(await handler(logplexEvent({ password: 'another' }))).toMatchObject({ statusCode: 401 });
  expect(await stored()).toEqual([]);

  expect(await handler(logplexEvent())).toMatchObject({ statusCode: 200, body: '' });
  const [object, ...more] = await stored();
  expect(more).toEqual([]);
  expect(object?.key).toMatch(/^logs\/shop\/\d{4}\/\d{2}\/\d{2}\/\d{13}-[0-9a-f-]{36}\.gz$/);
  expect(gunzipSync(object?.bytes ?? '')).toEqual(body);

  expect(await handler(logplexEvent())).toMatchObject({ statusCode: 200 });
  expect(await handler(logplexEvent({ user: secret, password: '' }))).toMatchObject({ statusCode: 200 });
  expect(await stored()).toEqual([object]);

  expect(await handler(logplexEvent({ path: '/elsewhere' }))).toMatchObject({ statusCode: 200 });
  expect((await stored()).map(({ key }) => key.split('/')[1])).toEqual(['elsewhere', 'shop']);
});
