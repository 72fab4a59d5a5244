import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { s3Error } from '../../../lib/archive/store/aws/s3-error.ts';
import {
  checkBucket,
  checkCreateOnly,
  createS3Client,
  sendsChecksums,
} from '../../../lib/archive/store/aws/s3-store.ts';
import { type FakeAws, startFakeAws } from '../../support/fake-aws.ts';
import { storeFailureOf } from '../../support/store-failure.ts';

let aws: FakeAws;
let client: S3Client;

beforeEach(async () => {
  aws = await startFakeAws();
  client = createS3Client(aws.s3ClientConfig());
});
afterEach(async () => {
  client.destroy();
  vi.unstubAllEnvs();
  await aws.close();
});

describe('checkBucket', () => {
  it('accepts a bucket that is there', async () => {
    await expect(checkBucket(client, aws.s3.bucket)).resolves.toBeUndefined();
  });

  it('refuses a bucket that is not there, by its name', async () => {
    const error = await storeFailureOf(checkBucket(client, 'not-there'));

    expect(error).toMatchObject({ code: 'refused' });
    expect(error.message).toContain('"not-there"');
    expect(error.message).toContain('create it');
  });

  it('refuses what can be no bucket', async () => {
    expect(await storeFailureOf(checkBucket(client, 'a/b'))).toMatchObject({ code: 'refused' });
  });

  it('names the permission that is missing', async () => {
    aws.s3.next({ status: 403, code: 'AccessDenied' });

    const error = await storeFailureOf(checkBucket(client, aws.s3.bucket));

    expect(error.code).toBe('refused');
    expect(error.message).toContain('s3:ListBucket');
  });

  it('does not call a store that is away a refusal', async () => {
    aws.s3.next({ status: 503, code: 'ServiceUnavailable' });

    expect(await storeFailureOf(checkBucket(client, aws.s3.bucket))).toMatchObject({ code: 'unavailable' });
  });
});

describe('checkCreateOnly', () => {
  const check = () => checkCreateOnly(client, aws.s3.bucket);

  it('finds that the store enforces it, at the first start and at any later one', async () => {
    expect(await check()).toBe('enforced');
    expect(await check()).toBe('enforced');

    expect([...aws.s3.versions.keys()]).toEqual(['cistern-create-only-probe']);
    expect(aws.s3.versions.get('cistern-create-only-probe')).toHaveLength(1);
  });

  it('finds that the store overwrites', async () => {
    aws.s3.ignoresIfNoneMatch = true;

    expect(await check()).toBe('ignored');
  });

  it('does not know when it may not write the probe', async () => {
    aws.s3.next({ status: 403, code: 'AccessDenied' });

    expect(await check()).toBe('unknown');
  });

  it('takes a conflict with another start for a store that minds', async () => {
    aws.s3.next({ status: 409, code: 'ConditionalRequestConflict' });

    expect(await check()).toBe('enforced');
  });

  it.each([
    [503, 'ServiceUnavailable', 'unavailable'],
    [403, 'InvalidAccessKeyId', 'refused'],
    [501, 'NotImplemented', 'refused'],
  ])('fails when answered %i %s', async (status, code, failure) => {
    aws.s3.next({ status, code });

    expect(await storeFailureOf(check())).toMatchObject({ code: failure });
  });
});

describe('createS3Client', () => {
  function stubEnvironment(environment: Readonly<Record<string, string | undefined>>): void {
    const nothing: Record<string, string | undefined> = {
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      ...Object.fromEntries(Object.keys(aws.env()).map((name) => [name, undefined])),
    };
    for (const [name, value] of Object.entries({ ...nothing, ...environment })) vi.stubEnv(name, value);
  }

  async function checkFrom(environment: Readonly<Record<string, string | undefined>>): Promise<void> {
    stubEnvironment(environment);
    const own = createS3Client();
    try {
      await checkBucket(own, aws.s3.bucket);
    } finally {
      own.destroy();
    }
  }

  it('finds a store of one’s own by the environment, in path style', async () => {
    await checkFrom(aws.env());

    expect(aws.s3.requests[0]?.path).toMatch(new RegExp(`^/${aws.s3.bucket}/?$`));
  });

  it.each([
    ['AWS_REGION', 'set AWS_REGION'],
    ['AWS_ACCESS_KEY_ID', 'no AWS credentials'],
  ])('without %s it says what to set', async (name, advice) => {
    const error = await storeFailureOf(checkFrom({ ...aws.env(), [name]: undefined }));

    expect(error.code).toBe('refused');
    expect(error.message).toContain(advice);
  });

  it.each(['minio:9000', '127.0.0.1:9000', 'minio'])('says that the endpoint %s is no URL', async (url) => {
    const error = await storeFailureOf(checkFrom({ ...aws.env(), AWS_ENDPOINT_URL_S3: url }));

    expect(error.code).toBe('refused');
    expect(error.message).toContain('AWS_ENDPOINT_URL');
  });

  it.each([
    ['none, to a store of one’s own', {}, undefined],
    [
      'where the environment asks for it',
      { AWS_REQUEST_CHECKSUM_CALCULATION: 'WHEN_SUPPORTED' },
      expect.any(String),
    ],
  ])('checksum headers: it sends %s', async (_, environment, sent) => {
    stubEnvironment({ ...aws.env(), ...environment });
    const own = createS3Client();
    await checkCreateOnly(own, aws.s3.bucket);
    own.destroy();

    expect(aws.s3.requests.map(({ headers }) => headers['x-amz-checksum-crc32'])[0]).toEqual(sent);
    expect(aws.s3.requests[0]?.headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    [undefined, true],
    ['https://s3.eu-west-1.amazonaws.com', true],
    ['https://bucket.vpce-1a2b.s3.eu-west-1.vpce.amazonaws.com', true],
    ['https://s3.cn-north-1.amazonaws.com.cn', true],
    ['https://amazonaws.com.example.org', false],
    ['http://127.0.0.1:9000', false],
  ])('takes the endpoint %s for AWS: %s', (endpoint, isAws) => {
    stubEnvironment({ AWS_ENDPOINT_URL_S3: endpoint });

    expect(sendsChecksums()).toBe(isAws);
  });
});

describe('s3Error', () => {
  const answer = (message: string) =>
    Object.assign(new Error(message), { name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });

  it.each([
    ["Header 'x-amz-checksum-crc32' is not implemented", 'takes no checksums (x-amz-checksum-crc32)'],
    ['A header you provided implies x-amz-tagging', 'does not implement x-amz-tagging'],
    ['If-None-Match is not supported', 'knows no create-only writes'],
    ['', 'knows no create-only writes'],
  ])('names what is really refused: %j', (message, told) => {
    expect(s3Error(answer(message), 'PutObject', 'logs')).toMatchObject({
      code: 'refused',
      message: expect.stringContaining(told),
    });
  });

  it('shows nothing else of the answer', () => {
    expect(s3Error(answer('x-amz-checksum-crc32 of secret'), 'PutObject', 'logs').message).not.toContain(
      'secret',
    );
  });
});
