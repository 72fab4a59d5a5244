import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  type GetBucketLifecycleConfigurationCommandOutput,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  type ObjectLockConfiguration,
  type PublicAccessBlockConfiguration,
  type S3Client,
  type LifecycleRule as S3Rule,
  type ServerSideEncryptionConfiguration,
} from '@aws-sdk/client-s3';
import { readAwsFailure } from '../../../../base/aws/aws-failure.ts';
import type {
  BucketReader,
  BucketSettings,
  Encryption,
  ObjectLock,
  Part,
  PublicAccessBlocks,
} from '../bucket-settings.ts';
import type { Lifecycle, LifecycleRule } from '../lifecycle.ts';

/** A {@link BucketReader} on S3: seven requests, side by side. */
export class S3BucketReader implements BucketReader {
  readonly bucket: string;
  readonly #client: S3Client;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.bucket = bucket;
  }

  async read(signal?: AbortSignal): Promise<BucketSettings | 'missing'> {
    const client = this.#client;
    const input = { Bucket: this.bucket };
    const options = signal === undefined ? {} : { abortSignal: signal };
    try {
      const [lifecycle, versioning, encryption, publicAccess, ownership, policy, objectLock] =
        await Promise.all([
          part(
            async () =>
              readLifecycle(await client.send(new GetBucketLifecycleConfigurationCommand(input), options)),
            { code: 'NoSuchLifecycleConfiguration', value: { rules: [] } },
          ),
          part(async () => {
            const { Status: status } = await client.send(new GetBucketVersioningCommand(input), options);
            return status ?? 'Off';
          }),
          part(
            async () => {
              const answer = await client.send(new GetBucketEncryptionCommand(input), options);
              return readEncryption(answer.ServerSideEncryptionConfiguration);
            },
            { code: 'ServerSideEncryptionConfigurationNotFoundError', value: undefined },
          ),
          part(
            async () => {
              const answer = await client.send(new GetPublicAccessBlockCommand(input), options);
              return readBlocks(answer.PublicAccessBlockConfiguration);
            },
            { code: 'NoSuchPublicAccessBlockConfiguration', value: readBlocks(undefined) },
          ),
          part<string | undefined>(
            async () => {
              const answer = await client.send(new GetBucketOwnershipControlsCommand(input), options);
              return answer.OwnershipControls?.Rules?.[0]?.ObjectOwnership;
            },
            { code: 'OwnershipControlsNotFoundError', value: undefined },
          ),
          part(async () => (await client.send(new GetBucketPolicyCommand(input), options)).Policy, {
            code: 'NoSuchBucketPolicy',
            value: undefined,
          }),
          part(
            async () => {
              const answer = await client.send(new GetObjectLockConfigurationCommand(input), options);
              return readLock(answer.ObjectLockConfiguration);
            },
            { code: 'ObjectLockConfigurationNotFoundError', value: { enabled: false } },
          ),
        ]);
      return { lifecycle, versioning, encryption, publicAccess, ownership, policy, objectLock };
    } catch (error) {
      if (readAwsFailure(error).code === 'NoSuchBucket') return 'missing';
      throw error;
    }
  }
}

/** `none`: the code by which S3 says that there is no such configuration, and what that means. Throws NoSuchBucket. */
async function part<T>(
  read: () => Promise<T>,
  none?: { readonly code: string; readonly value: T },
): Promise<Part<T>> {
  try {
    return { value: await read() };
  } catch (error) {
    const { code, status } = readAwsFailure(error);
    if (code === 'NoSuchBucket') throw error;
    if (none !== undefined && code === none.code) return { value: none.value };
    return { failure: status === 403 ? 'denied' : 'unavailable' };
  }
}

function readLifecycle(answer: GetBucketLifecycleConfigurationCommandOutput): Lifecycle {
  const { Rules: rules = [], TransitionDefaultMinimumObjectSize: smallObjects } = answer;
  return { rules: rules.map(readRule), smallObjects };
}

/** The filter stands in `Filter`, in `Filter.And`, or is the older `Prefix` of the rule itself. */
function readRule(rule: S3Rule): LifecycleRule {
  const {
    Expiration: expiration,
    NoncurrentVersionExpiration: noncurrent,
    Transitions: transitions = [],
    NoncurrentVersionTransitions: noncurrentTransitions = [],
  } = rule;
  const filter = { ...rule.Filter, ...rule.Filter?.And };
  return {
    id: rule.ID ?? '',
    enabled: rule.Status === 'Enabled',
    prefix: filter.Prefix ?? rule.Prefix ?? '',
    tagged: filter.Tag !== undefined || (filter.Tags ?? []).length > 0,
    sizeGreaterThan: filter.ObjectSizeGreaterThan,
    sizeLessThan: filter.ObjectSizeLessThan,
    expirationDays: expiration?.Days,
    expirationDate: expiration?.Date?.getTime(),
    noncurrentDays: noncurrent?.NoncurrentDays,
    newerNoncurrentVersions: noncurrent?.NewerNoncurrentVersions,
    transitions: transitions.map(({ StorageClass: storageClass, Days: days, Date: date }) => ({
      storageClass: storageClass ?? 'another class',
      days,
      date: date?.getTime(),
    })),
    noncurrentTransitions: noncurrentTransitions.map(
      ({ StorageClass: storageClass, NoncurrentDays: days }) => ({
        storageClass: storageClass ?? 'another class',
        days,
      }),
    ),
    abortDays: rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation,
  };
}

function readEncryption(
  configuration: ServerSideEncryptionConfiguration | undefined,
): Encryption | undefined {
  const found = configuration?.Rules?.[0]?.ApplyServerSideEncryptionByDefault;
  if (found?.SSEAlgorithm === undefined) return undefined;
  return { algorithm: found.SSEAlgorithm, key: found.KMSMasterKeyID };
}

function readBlocks(blocks: PublicAccessBlockConfiguration | undefined): PublicAccessBlocks {
  return {
    BlockPublicAcls: blocks?.BlockPublicAcls === true,
    IgnorePublicAcls: blocks?.IgnorePublicAcls === true,
    BlockPublicPolicy: blocks?.BlockPublicPolicy === true,
    RestrictPublicBuckets: blocks?.RestrictPublicBuckets === true,
  };
}

function readLock(configuration: ObjectLockConfiguration | undefined): ObjectLock {
  const enabled = configuration?.ObjectLockEnabled === 'Enabled';
  const retention = configuration?.Rule?.DefaultRetention;
  if (retention?.Mode === undefined) return { enabled };
  const mode = retention.Mode === 'COMPLIANCE' ? 'compliance' : 'governance';
  // S3 takes either, and counts a year as 365 days.
  return { enabled, retention: { mode, days: retention.Days ?? (retention.Years ?? 0) * 365 } };
}
