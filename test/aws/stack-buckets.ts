import { randomUUID } from 'node:crypto';
import {
  CreateBucketCommand,
  type LifecycleRule,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { type StackBucket, stackBucket } from '../infra/stack-bucket.ts';

export type Subject = 'archive' | 'ledger';

export interface Made extends StackBucket {
  readonly bucket: string;
}

/**
 * A bucket of the synthesised template, made on moto through S3's API. moto refuses whatever a policy's Deny names,
 * without regard to its condition: a bucket that is to be used has to do without.
 */
export async function makeStackBucket(
  client: S3Client,
  template: Parameters<typeof stackBucket>[0],
  subject: Subject,
  { policy = true }: { readonly policy?: boolean } = {},
): Promise<Made> {
  const bucket = `${subject}-${randomUUID()}`;
  const made = stackBucket(template, subject === 'archive' ? 'Archive' : 'Ledger', bucket);
  await client.send(
    new CreateBucketCommand({
      Bucket: bucket,
      ObjectLockEnabledForBucket: true,
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
    }),
  );
  await putLifecycle(client, bucket, made.lifecycle.Rules ?? []);
  await client.send(
    new PutBucketVersioningCommand({
      Bucket: bucket,
      VersioningConfiguration: { Status: made.versioning },
    }),
  );
  await client.send(
    new PutBucketEncryptionCommand({ Bucket: bucket, ServerSideEncryptionConfiguration: made.encryption }),
  );
  await client.send(
    new PutPublicAccessBlockCommand({ Bucket: bucket, PublicAccessBlockConfiguration: made.publicAccess }),
  );
  await client.send(
    new PutBucketOwnershipControlsCommand({ Bucket: bucket, OwnershipControls: made.ownership }),
  );
  if (policy) await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: made.policy }));
  await client.send(
    new PutObjectLockConfigurationCommand({ Bucket: bucket, ObjectLockConfiguration: made.objectLock }),
  );
  return { ...made, bucket };
}

export async function putLifecycle(
  client: S3Client,
  bucket: string,
  rules: readonly LifecycleRule[],
): Promise<void> {
  await client.send(
    new PutBucketLifecycleConfigurationCommand({
      Bucket: bucket,
      LifecycleConfiguration: { Rules: [...rules] },
    }),
  );
}
