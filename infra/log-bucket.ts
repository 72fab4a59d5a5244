import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  type LifecycleRule,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from '../lib/config/config.ts';

export interface LogBucketProps {
  readonly config: Pick<Config, 'objectLock'>;
  /** Encrypts the bucket. Without it, S3's own key does. */
  readonly key: IKey | undefined;
  readonly lifecycleRules: LifecycleRule[];
}

/**
 * A bucket that keeps what it holds: versioned, private, encrypted, reached by TLS only, left in place when the
 * stack goes. Archive and ledger are both one.
 */
export class LogBucket extends Bucket {
  constructor(scope: Construct, id: string, { config, key, lifecycleRules }: LogBucketProps) {
    super(scope, id, {
      versioned: true,
      ...(key === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey: key, bucketKeyEnabled: true }),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN,
      // Locks nothing without a retention. CloudFormation can turn it on only by replacing the bucket, so
      // an archive that had been made without it would have to start anew.
      objectLockEnabled: true,
      ...retention(config.objectLock),
      lifecycleRules,
    });
    Validations.of(this).acknowledge({
      id: 'AwsSolutions-S1',
      reason:
        'Server access logs are delivered best effort, and to a third bucket, since one with Object Lock ' +
        'takes none. docs/deploy.md shows how to record every access with CloudTrail data events.',
    });
  }
}

function retention(lock: Config['objectLock']) {
  if (lock === undefined) return {};
  const days = Duration.days(lock.days);
  const objectLockDefaultRetention =
    lock.mode === 'compliance' ? ObjectLockRetention.compliance(days) : ObjectLockRetention.governance(days);
  return { objectLockDefaultRetention };
}
