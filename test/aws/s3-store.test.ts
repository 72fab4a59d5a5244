import { GetBucketVersioningCommand, ListObjectVersionsCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';
import {
  checkBucket,
  checkCreateOnly,
  createS3Client,
  S3Store,
} from '../../lib/archive/store/aws/s3-store.ts';
import { archiveStoreContract } from '../contract/archive/archive-store.ts';
import { makeBucket } from './buckets.ts';

archiveStoreContract('S3Store on moto', async () => {
  const client = createS3Client();
  return { store: new S3Store(client, await makeBucket(client)), close: async () => client.destroy() };
});

describe('a versioned bucket', () => {
  const client = createS3Client();
  afterAll(() => client.destroy());

  it('answers 412 to a second create, and keeps one version', async () => {
    const bucket = await makeBucket(client);
    const put = (body: string) =>
      client.send(new PutObjectCommand({ Bucket: bucket, Key: 'logs/x', Body: body, IfNoneMatch: '*' }));

    await put('first');

    await expect(put('second')).rejects.toMatchObject({ $metadata: { httpStatusCode: 412 } });
    const versioning = await client.send(new GetBucketVersioningCommand({ Bucket: bucket }));
    expect(versioning.Status).toBe('Enabled');
    const { Versions: versions } = await client.send(new ListObjectVersionsCommand({ Bucket: bucket }));
    expect(versions).toHaveLength(1);
  });

  it('is found to enforce create-only writes, at every start', async () => {
    const bucket = await makeBucket(client);

    expect(await checkCreateOnly(client, bucket)).toBe('enforced');
    expect(await checkCreateOnly(client, bucket)).toBe('enforced');
  });

  it('is told from one that is not there', async () => {
    await expect(checkBucket(client, await makeBucket(client))).resolves.toBeUndefined();
    await expect(checkBucket(client, 'archive-of-nobody')).rejects.toMatchObject({ code: 'refused' });
  });
});
