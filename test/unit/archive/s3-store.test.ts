import { ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ObjectKey, objectKey } from '../../../lib/archive/format/key.ts';
import { createS3Client, S3Store } from '../../../lib/archive/store/aws/s3-store.ts';
import type { StoredObject, StoreError, StoreFailure } from '../../../lib/archive/store/store.ts';
import { unknownApp } from '../../../lib/drains/app-name.ts';
import { type FakeAws, startFakeAws } from '../../support/fake-aws.ts';
import { storeFailureOf } from '../../support/store-failure.ts';

let aws: FakeAws;
let client: S3Client;
let store: S3Store;

beforeEach(async () => {
  aws = await startFakeAws();
  client = createS3Client(aws.s3ClientConfig());
  store = new S3Store(client, aws.s3.bucket);
});
afterEach(async () => {
  client.destroy();
  await aws.close();
});

const content = Buffer.from('the very words of a log line');
const key = keyNumber(0);

function keyNumber(n: number): ObjectKey {
  const uuid = `${n.toString(16).padStart(8, '0')}-0123-80bc-8def-0123456789ab`;
  return objectKey({ app: unknownApp, epochMs: 1_795_000_000_000 + n, uuid });
}

function create(signal = new AbortController().signal, body = content) {
  return store.create(key, body, signal);
}

async function collect(objects: AsyncIterable<StoredObject>): Promise<StoredObject[]> {
  const found: StoredObject[] = [];
  for await (const object of objects) found.push(object);
  return found;
}

describe('create', () => {
  it('sends one conditional, checksummed PUT that declares gzip and no encoding', async () => {
    await create();

    expect(aws.s3.requests).toHaveLength(1);
    expect(aws.s3.requests[0]).toMatchObject({ operation: 'PutObject', key, body: content });
    expect(aws.s3.requests[0]?.path).toBe(`/${aws.s3.bucket}/${key}`);
    expect(aws.s3.requests[0]?.headers).toMatchObject({
      'if-none-match': '*',
      'content-type': 'application/gzip',
      'content-length': String(content.length),
      'x-amz-checksum-crc32': expect.stringMatching(/^[A-Za-z0-9+/]{6}==$/),
      'x-amz-content-sha256': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(aws.s3.requests[0]?.headers).not.toHaveProperty('content-encoding');
  });

  it('sends a large body at once, on a connection that is kept', async () => {
    await create(undefined, Buffer.alloc(3_000_000));

    expect(aws.s3.requests[0]?.headers).not.toHaveProperty('expect');
    expect(aws.s3.requests[0]?.headers.connection).toBe('keep-alive');
  });

  it.each<[number, string | undefined, StoreFailure, boolean]>([
    [500, 'InternalError', 'unavailable', true],
    [502, undefined, 'unavailable', true],
    [503, 'ServiceUnavailable', 'unavailable', true],
    [503, undefined, 'unavailable', true],
    [503, 'SlowDown', 'throttled', true],
    [429, undefined, 'throttled', true],
    [400, 'RequestTimeout', 'unavailable', true],
    [400, 'BadDigest', 'unavailable', true],
    [409, 'ConditionalRequestConflict', 'conflict', true],
    [403, 'AccessDenied', 'refused', false],
    [403, 'InvalidAccessKeyId', 'refused', false],
    [403, undefined, 'refused', false],
    [404, 'NoSuchBucket', 'refused', false],
    [301, 'PermanentRedirect', 'refused', false],
    [400, 'InvalidRequest', 'refused', false],
    [501, 'NotImplemented', 'refused', false],
  ])('answered %i %s fails as %s after one attempt', async (status, code, failure, retry) => {
    aws.s3.next({ status, ...(code === undefined ? {} : { code }) });

    const error = await storeFailureOf(create());

    expect(error).toMatchObject({ code: failure, retry });
    expect(error.message).toContain(aws.s3.bucket);
    expect(error.message).toContain(code ?? `HTTP ${status}`);
    expect(error.message).not.toContain('log line');
    expect(error.cause).toBeInstanceOf(Error);
    expect(aws.s3.requests).toHaveLength(1);
    expect(aws.s3.objects.size).toBe(0);
  });

  it.each([412, 304])(
    'takes a 412 without a body of S3, and no other status, for exists: %i',
    async (status) => {
      aws.s3.next({ status });

      const outcome = await create().catch((error: StoreError) => error.code);

      expect(outcome).toBe(status === 412 ? 'exists' : 'refused');
    },
  );

  it.each([
    [403, 'AccessDenied', 'allow s3:PutObject'],
    [404, 'NoSuchBucket', 'create it'],
    [301, 'PermanentRedirect', 'set AWS_REGION'],
    [400, 'ExpiredToken', 'sign in again'],
    [403, 'SignatureDoesNotMatch', 'check AWS_SECRET_ACCESS_KEY'],
    [403, 'RequestTimeTooSkewed', 'the clock is off'],
    [501, 'NotImplemented', 'If-None-Match'],
  ])('says what to do about %i %s', async (status, code, advice) => {
    aws.s3.next({ status, code });

    expect((await storeFailureOf(create())).message).toContain(advice);
  });

  it('fails when the connection is reset, with nothing stored', async () => {
    aws.s3.next({ reset: true });

    expect(await storeFailureOf(create())).toMatchObject({ code: 'unavailable', retry: true });
    expect(aws.s3.objects.size).toBe(0);
  });

  it('does not take a lost answer for success, and finds the object at the next attempt', async () => {
    aws.s3.next({ loseResponse: true });

    expect(await storeFailureOf(create())).toMatchObject({ code: 'unavailable' });
    expect(aws.s3.objects.get(key)).toEqual(content);
    expect(await create()).toBe('exists');
  });

  it('ends a hanging request as soon as its signal says so', async () => {
    aws.s3.next({ hang: true });
    const giveUp = new AbortController();

    const creation = storeFailureOf(create(giveUp.signal));
    await aws.s3.arrived(1);
    giveUp.abort();

    expect(await creation).toMatchObject({ code: 'unavailable', cause: { name: 'AbortError' } });
  });

  it('sends nothing once its signal is aborted', async () => {
    expect(await storeFailureOf(create(AbortSignal.abort()))).toMatchObject({ code: 'unavailable' });
    expect(aws.s3.requests).toHaveLength(0);
  });

  it('names the address where nobody listens', async () => {
    await aws.s3.close();

    const error = await storeFailureOf(create());

    expect(error.code).toBe('unavailable');
    expect(error.message).toContain(`ECONNREFUSED ${new URL(aws.s3.url).host}`);
  });
});

describe('list', () => {
  it('asks for no page that nobody reads', async () => {
    for (let n = 0; n < 1_200; n++) aws.s3.objects.set(keyNumber(n), content);

    for await (const { key: first } of store.list('logs/', '')) {
      expect(first).toBe(key);
      break;
    }

    expect(aws.s3.requests).toHaveLength(1);
  });

  it('starts after the given key rather than at the front', async () => {
    for (let n = 0; n < 3; n++) aws.s3.objects.set(keyNumber(n), content);

    expect(await collect(store.list('logs/', keyNumber(1)))).toEqual([
      { key: keyNumber(2), size: content.length },
    ]);
    expect(aws.s3.requests[0]?.query.get('start-after')).toBe(keyNumber(1));
  });

  it('fails rather than pass a part for the whole', async () => {
    for (let n = 0; n < 1_200; n++) aws.s3.objects.set(keyNumber(n), content);
    aws.s3.next({ delay: 0 }, { status: 500, code: 'InternalError' });

    expect(await storeFailureOf(collect(store.list('logs/', '')))).toMatchObject({ code: 'unavailable' });

    mockClient(client)
      .on(ListObjectsV2Command)
      .resolves({ IsTruncated: true, Contents: [{ Key: key }] });
    expect(await storeFailureOf(collect(store.list('logs/', '')))).toMatchObject({ code: 'unavailable' });
  });
});

describe('read', () => {
  it.each<[string, StoreFailure]>([
    ['NoSuchKey', 'missing'],
    ['NoSuchBucket', 'refused'],
  ])('of 404 %s fails as %s', async (code, failure) => {
    aws.s3.next({ status: 404, code });

    expect((await storeFailureOf(store.read(key))).code).toBe(failure);
  });

  it('does not take an answer that breaks off for the object', async () => {
    await create();
    aws.s3.next({ cutResponse: true });

    expect(await storeFailureOf(store.read(key))).toMatchObject({ code: 'unavailable', retry: true });
  });

  it('says that an object cannot be read now rather than that access is denied', async () => {
    aws.s3.next({ status: 403, code: 'InvalidObjectState' });

    const error = await storeFailureOf(store.read(key));

    expect(error.code).toBe('refused');
    expect(error.message).toContain('InvalidObjectState');
    expect(error.message).not.toContain('allow');
  });
});
