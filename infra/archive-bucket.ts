import { Duration, Validations } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type LifecycleRule, StorageClass } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { logsPrefix } from '../lib/archive/format/key.ts';
import type { Config } from '../lib/config/config.ts';
import { LogBucket } from './log-bucket.ts';

export interface ArchiveBucketProps {
  readonly config: Pick<Config, 'retentionDays' | 'objectLock' | 'infrequentAccessDays'>;
  readonly key: IKey | undefined;
}

/** The archive: what drains sent, which nobody may overwrite. */
export class ArchiveBucket extends LogBucket {
  constructor(scope: Construct, id: string, { config, key }: ArchiveBucketProps) {
    super(scope, id, {
      config,
      key,
      lifecycleRules: [expiry(config.retentionDays), ...transition(config.infrequentAccessDays)],
    });
    Validations.of(this).acknowledge({
      id: 'CloudFormation-Validate::W9003',
      reason:
        'The CDK writes ObjectSizeGreaterThan as a number; CloudFormation takes it as the text it asks for.',
    });
    // No exemption by s3:ObjectCreationOperation for multipart uploads, whose first steps can't carry the
    // header: nothing of Cistern's makes one, and so nobody can leave parts behind either.
    this.addToResourcePolicy(
      new PolicyStatement({
        sid: 'CreateOnly',
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: ['s3:PutObject'],
        resources: [this.arnForObjects(`${logsPrefix}*`)],
        conditions: { Null: { 's3:if-none-match': 'true' } },
      }),
    );
  }
}

function transition(days: Config['infrequentAccessDays']): LifecycleRule[] {
  if (days === 'never') return [];
  return [
    {
      id: 'infrequent-access',
      transitions: [{ storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(days) }],
      // Without a size filter S3 leaves objects under 128 KB where they are. A member is never this small.
      objectSizeGreaterThan: 1,
    },
  ];
}

/**
 * Expiration only puts a delete marker on a versioned object; what that hides is destroyed as a noncurrent
 * version, counted from that day. Expiration by days also takes away markers that hide nothing any more, so S3
 * needs (and next to days, allows) no rule for those.
 */
function expiry(days: number): LifecycleRule {
  return {
    id: 'expire',
    expiration: Duration.days(days),
    noncurrentVersionExpiration: Duration.days(days),
    abortIncompleteMultipartUploadAfter: Duration.days(1),
  };
}
