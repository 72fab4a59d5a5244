import { Aws } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { logsPrefix } from '../lib/archive/format/key.ts';
import type { Grant } from './grant.ts';

/** Creating objects of the archive, and nothing else. `key` encrypts them, where it is not S3's own. */
export function createObjects({
  archive,
  key,
}: {
  readonly archive: Bucket;
  readonly key: IKey | undefined;
}): Grant[] {
  const create: Grant = {
    sid: 'CreateObjects',
    actions: ['s3:PutObject'],
    resources: [archive.arnForObjects(`${logsPrefix}*`)],
    wildcards: 'Keys derive from batches, so they are not known before; only creating is allowed there.',
  };
  if (key === undefined) return [create];
  const encrypt: Grant = {
    sid: 'EncryptObjects',
    actions: ['kms:GenerateDataKey'],
    resources: [key.keyArn],
    conditions: { StringEquals: { 'kms:ViaService': `s3.${Aws.REGION}.amazonaws.com` } },
  };
  return [create, encrypt];
}
