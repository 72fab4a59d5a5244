import { Aws } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Grant } from './grant.ts';

export interface LedgerAccess {
  readonly ledger: Bucket;
  /** The key of the buckets, where it is not S3's own. */
  readonly key: IKey | undefined;
  /** Prefixes, each ending in a slash. */
  readonly read: readonly string[];
  readonly write: readonly string[];
}

/** Reading and writing below prefixes of the ledger. Nothing there may be deleted: versions keep what is replaced. */
export function ledgerGrants({ ledger, key, read, write }: LedgerAccess): Grant[] {
  const wildcards =
    'Keys derive from incidents and from days, so they are not known before; nothing may be deleted.';
  const grants: Grant[] = [
    // No condition on the prefix: S3 asks for this right, without a prefix, before it says of an object that it is
    // not there (404). Else it answers 403, and the first run, which finds no state, could not go on.
    { sid: 'ListLedger', actions: ['s3:ListBucket'], resources: [ledger.bucketArn] },
    {
      sid: 'ReadLedger',
      actions: ['s3:GetObject'],
      resources: read.map((prefix) => ledger.arnForObjects(`${prefix}*`)),
      wildcards,
    },
  ];
  if (write.length > 0) {
    grants.push({
      sid: 'WriteLedger',
      actions: ['s3:PutObject'],
      resources: write.map((prefix) => ledger.arnForObjects(`${prefix}*`)),
      wildcards,
    });
  }
  if (key !== undefined) {
    grants.push({
      sid: 'UseKey',
      actions: write.length > 0 ? ['kms:Decrypt', 'kms:GenerateDataKey'] : ['kms:Decrypt'],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `s3.${Aws.REGION}.amazonaws.com` } },
    });
  }
  return grants;
}
