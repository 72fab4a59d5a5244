import { randomUUID } from 'node:crypto';
import { CreateBucketCommand, PutBucketVersioningCommand, type S3Client } from '@aws-sdk/client-s3';

/** Makes a bucket of its own for one test: empty, versioned as the stack makes the archive. */
export async function makeBucket(client: S3Client): Promise<string> {
  const bucket = `archive-${randomUUID()}`;
  await client.send(
    new CreateBucketCommand({
      Bucket: bucket,
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
    }),
  );
  await client.send(
    new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }),
  );
  return bucket;
}
