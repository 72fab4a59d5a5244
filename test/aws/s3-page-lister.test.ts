import { PutObjectCommand } from '@aws-sdk/client-s3';
import { S3PageLister } from '../../lib/archive/store/aws/s3-page-lister.ts';
import { createS3Client } from '../../lib/archive/store/aws/s3-store.ts';
import { pageListerContract } from '../contract/archive/page-lister.ts';
import { makeBucket } from './buckets.ts';

pageListerContract('S3PageLister on moto', async (keys) => {
  const client = createS3Client();
  const bucket = await makeBucket(client);
  for (const key of keys) await client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'x' }));
  return { lister: new S3PageLister(client, bucket), close: async () => client.destroy() };
});
