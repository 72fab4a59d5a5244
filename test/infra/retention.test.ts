import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { parseConfig } from '../../lib/config/config.ts';
import { S3BucketReader } from '../../lib/watch/checks/retention/aws/s3-bucket-reader.ts';
import { expectedArchive, expectedLedger } from '../../lib/watch/checks/retention/expected-buckets.ts';
import { retentionCheck } from '../../lib/watch/checks/retention/retention.ts';
import { type StackBucket, stackBucket } from './stack-bucket.ts';
import { synthesise } from './synthesise.ts';

/** A bucket on an S3 that answers with what the stack asked for: moto keeps no filters on size. */
function readerOf(made: StackBucket, bucket: string): S3BucketReader {
  const client = new S3Client({});
  const s3 = mockClient(client);
  s3.on(GetBucketLifecycleConfigurationCommand, { Bucket: bucket }).resolves(made.lifecycle);
  s3.on(GetBucketVersioningCommand).resolves({ Status: made.versioning });
  s3.on(GetBucketEncryptionCommand).resolves({ ServerSideEncryptionConfiguration: made.encryption });
  s3.on(GetPublicAccessBlockCommand).resolves({ PublicAccessBlockConfiguration: made.publicAccess });
  s3.on(GetBucketOwnershipControlsCommand).resolves({ OwnershipControls: made.ownership });
  s3.on(GetBucketPolicyCommand).resolves({ Policy: made.policy });
  s3.on(GetObjectLockConfigurationCommand).resolves({ ObjectLockConfiguration: made.objectLock });
  return new S3BucketReader(client, bucket);
}

test.each([
  {},
  { retentionDays: 400, infrequentAccessDays: 60 },
  { infrequentAccessDays: 'never' },
  { retentionDays: 90, incidentDays: 90 },
  { retentionDays: 1000, incidentDays: 120 },
  { objectLock: { mode: 'governance', days: 30 } },
  { objectLock: { mode: 'compliance', days: 90 } },
  { kmsKeyArn: 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab' },
])('what the stack makes of %o is as it should be', async (cistern) => {
  const template = synthesise(cistern);
  const config = parseConfig(cistern);
  const check = retentionCheck({
    buckets: [
      {
        subject: 'archive',
        reader: readerOf(stackBucket(template, 'Archive', 'the-archive'), 'the-archive'),
        expected: expectedArchive(config),
      },
      {
        subject: 'ledger',
        reader: readerOf(stackBucket(template, 'Ledger', 'the-ledger'), 'the-ledger'),
        expected: expectedLedger(config),
      },
    ],
  });

  const findings = await check.look({
    now: Date.UTC(2026, 10, 22),
    signal: AbortSignal.timeout(10_000),
    remembered: () => undefined,
    rememberedSubjects: () => [],
  });

  expect(findings).toEqual([
    {
      check: 'retention',
      subject: 'archive',
      status: 'ok',
      summary: 'The bucket of the archive keeps what the configuration says',
      evidence: { bucket: 'the-archive' },
      remedy: '',
    },
    expect.objectContaining({ subject: 'ledger', status: 'ok' }),
  ]);
});
