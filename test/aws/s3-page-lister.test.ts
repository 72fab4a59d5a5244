import { PutObjectCommand } from '@aws-sdk/client-s3';
import { createS3Client } from '../../lib/archive/s3-store.ts';
import { S3PageLister } from '../../lib/watch/s3-page-lister.ts';
import { pageListerContract } from '../contract/page-lister.ts';
import { makeBucket } from './buckets.ts';

pageListerContract('S3PageLister on moto', async (keys) => {
  const client = createS3Client();
  const bucket = await makeBucket(client);
  for (const key of keys) await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'x' }));
  return { lister: new S3PageLister(client, bucket), close: async () => client.destroy() };
});
