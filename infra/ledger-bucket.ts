import { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { Config } from '../lib/config/config.ts';
import { ledgerLifetimes } from '../lib/ledger/lifetimes.ts';
import { LogBucket } from './log-bucket.ts';

export interface LedgerBucketProps {
  readonly config: Pick<Config, 'retentionDays' | 'incidentDays' | 'objectLock'>;
  readonly key: IKey | undefined;
}

/** The ledger: all that Cistern derives. */
export class LedgerBucket extends LogBucket {
  constructor(scope: Construct, id: string, { config, key }: LedgerBucketProps) {
    super(scope, id, {
      config,
      key,
      lifecycleRules: [
        ...ledgerLifetimes(config).map((lifetime) => ({
          id: lifetime.id,
          prefix: lifetime.prefix,
          ...(lifetime.days === undefined ? {} : { expiration: Duration.days(lifetime.days) }),
          noncurrentVersionExpiration: Duration.days(lifetime.noncurrentDays),
        })),
        { id: 'incomplete-uploads', abortIncompleteMultipartUploadAfter: Duration.days(1) },
      ],
    });
  }
}
