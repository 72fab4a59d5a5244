import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { S3PageLister } from '../../../lib/archive/store/aws/s3-page-lister.ts';
import { createS3Client } from '../../../lib/archive/store/aws/s3-store.ts';
import { type FakeAws, startFakeAws } from '../../support/fake-aws.ts';
import { pageListerContract } from './page-lister.ts';

pageListerContract('S3PageLister', async (keys) => {
  const aws = await startFakeAws();
  for (const key of keys) aws.s3.objects.set(key, Buffer.alloc(0));
  const client = createS3Client(aws.s3ClientConfig());
  return {
    lister: new S3PageLister(client, aws.s3.bucket),
    close: async () => {
      client.destroy();
      await aws.close();
    },
  };
});

describe('S3PageLister', () => {
  let aws: FakeAws;
  beforeEach(async () => {
    aws = await startFakeAws();
  });
  afterEach(() => aws.close());

  it('makes exactly one list request a page, asking for no more than it wants', async () => {
    for (let n = 0; n < 30; n += 1) aws.s3.objects.set(`logs/shop/${n}`, Buffer.alloc(0));
    const client = createS3Client(aws.s3ClientConfig());

    await new S3PageLister(client, aws.s3.bucket).page('logs/shop/', 'logs/shop/1', 3);

    expect(aws.s3.requests.map(({ query }) => query.get('max-keys'))).toEqual(['3']);
    client.destroy();
  });

  it('does not take a page that was cut short for the end of the list', async () => {
    const client = createS3Client(aws.s3ClientConfig());
    const mock = mockClient(client).on(ListObjectsV2Command).resolves({ IsTruncated: true, KeyCount: 0 });

    const page = new S3PageLister(client, aws.s3.bucket).page('logs/shop/', '', 1);

    await expect(page).rejects.toMatchObject({ name: 'StoreError', retry: true });
    mock.restore();
    client.destroy();
  });

  it('names the bucket and what to allow when it may not list', async () => {
    const client = createS3Client(aws.s3ClientConfig());
    aws.s3.next({ status: 403, code: 'AccessDenied' });

    const page = new S3PageLister(client, aws.s3.bucket).page('logs/shop/', '', 1);

    await expect(page).rejects.toMatchObject({
      name: 'StoreError',
      code: 'refused',
      message: expect.stringContaining('s3:ListBucket'),
    });
    client.destroy();
  });
});
