import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { S3BucketReader } from '../../../lib/watch/checks/retention/aws/s3-bucket-reader.ts';
import type { BucketSettings } from '../../../lib/watch/checks/retention/bucket-settings.ts';

const client = new S3Client({});
const s3 = mockClient(client);

beforeEach(() => s3.reset());

function refusal(name: string, httpStatusCode: number): S3ServiceException {
  return new S3ServiceException({ name, $fault: 'client', $metadata: { httpStatusCode } });
}

async function read(): Promise<BucketSettings> {
  const settings = await new S3BucketReader(client, 'the-archive').read();
  if (settings === 'missing') throw new Error('the bucket is missing');
  return settings;
}

describe('the filter of a lifecycle rule', () => {
  it.each([
    [{ Filter: { Prefix: 'logs/' } }, { prefix: 'logs/', tagged: false }],
    [{ Filter: {} }, { prefix: '', tagged: false }],
    [{ Prefix: 'old/' }, { prefix: 'old/', tagged: false }],
    [{ Filter: { Tag: { Key: 'a', Value: 'b' } } }, { prefix: '', tagged: true }],
    [{ Filter: { ObjectSizeGreaterThan: 0 } }, { sizeGreaterThan: 0, sizeLessThan: undefined }],
    [{ Filter: { ObjectSizeLessThan: 5 } }, { sizeGreaterThan: undefined, sizeLessThan: 5 }],
    [
      { Filter: { And: { Prefix: 'logs/', ObjectSizeGreaterThan: 1, ObjectSizeLessThan: 9 } } },
      { prefix: 'logs/', tagged: false, sizeGreaterThan: 1, sizeLessThan: 9 },
    ],
    [
      { Filter: { And: { Prefix: 'logs/', Tags: [{ Key: 'a', Value: 'b' }] } } },
      { prefix: 'logs/', tagged: true },
    ],
  ])('%j is read', async (filter, expected) => {
    s3.on(GetBucketLifecycleConfigurationCommand).resolves({ Rules: [{ Status: 'Enabled', ...filter }] });

    expect((await read()).lifecycle).toMatchObject({ value: { rules: [{ enabled: true, ...expected }] } });
  });
});

it('reads what a rule does', async () => {
  const date = new Date(Date.UTC(2027, 0, 1));
  s3.on(GetBucketLifecycleConfigurationCommand).resolves({
    TransitionDefaultMinimumObjectSize: 'varies_by_storage_class',
    Rules: [
      {
        ID: 'a',
        Status: 'Disabled',
        Filter: {},
        Expiration: { Days: 9 },
        NoncurrentVersionExpiration: { NoncurrentDays: 3, NewerNoncurrentVersions: 2 },
        Transitions: [{ StorageClass: 'GLACIER', Days: 5 }],
        NoncurrentVersionTransitions: [{ StorageClass: 'DEEP_ARCHIVE', NoncurrentDays: 1 }],
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
      { ID: 'b', Status: 'Enabled', Filter: {}, Expiration: { Date: date } },
      { ID: 'c', Status: 'Enabled', Filter: {}, Expiration: { ExpiredObjectDeleteMarker: true } },
    ],
  });

  expect((await read()).lifecycle).toEqual({
    value: {
      smallObjects: 'varies_by_storage_class',
      rules: [
        {
          id: 'a',
          enabled: false,
          prefix: '',
          tagged: false,
          expirationDays: 9,
          noncurrentDays: 3,
          newerNoncurrentVersions: 2,
          transitions: [{ storageClass: 'GLACIER', days: 5 }],
          noncurrentTransitions: [{ storageClass: 'DEEP_ARCHIVE', days: 1 }],
          abortDays: 7,
        },
        {
          id: 'b',
          enabled: true,
          prefix: '',
          tagged: false,
          expirationDate: date.getTime(),
          transitions: [],
          noncurrentTransitions: [],
        },
        { id: 'c', enabled: true, prefix: '', tagged: false, transitions: [], noncurrentTransitions: [] },
      ],
    },
  });
});

it('takes what is not set up for a value', async () => {
  s3.on(GetBucketLifecycleConfigurationCommand).rejects(refusal('NoSuchLifecycleConfiguration', 404));
  s3.on(GetBucketVersioningCommand).resolves({});
  s3.on(GetBucketEncryptionCommand).rejects(refusal('ServerSideEncryptionConfigurationNotFoundError', 404));
  s3.on(GetPublicAccessBlockCommand).rejects(refusal('NoSuchPublicAccessBlockConfiguration', 404));
  s3.on(GetBucketOwnershipControlsCommand).rejects(refusal('OwnershipControlsNotFoundError', 404));
  s3.on(GetBucketPolicyCommand).rejects(refusal('NoSuchBucketPolicy', 404));
  s3.on(GetObjectLockConfigurationCommand).rejects(refusal('ObjectLockConfigurationNotFoundError', 404));

  expect(await read()).toEqual({
    lifecycle: { value: { rules: [] } },
    versioning: { value: 'Off' },
    encryption: { value: undefined },
    publicAccess: {
      value: {
        BlockPublicAcls: false,
        IgnorePublicAcls: false,
        BlockPublicPolicy: false,
        RestrictPublicBuckets: false,
      },
    },
    ownership: { value: undefined },
    policy: { value: undefined },
    objectLock: { value: { enabled: false } },
  });
});

it.each([
  [refusal('AccessDenied', 403), 'denied'],
  [refusal('InternalError', 500), 'unavailable'],
  [refusal('SlowDown', 503), 'unavailable'],
  // Not this part's way of saying that there is none.
  [refusal('NoSuchBucketPolicy', 404), 'unavailable'],
  [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' }), 'unavailable'],
] as const)('says of each part that it could not be read: %s', async (error, failure) => {
  s3.onAnyCommand().resolves({});
  s3.on(GetPublicAccessBlockCommand).rejects(error);

  const { publicAccess, policy } = await read();

  expect(publicAccess).toEqual({ failure });
  expect(policy).toEqual({ value: undefined });
});

it('says that there is no such bucket', async () => {
  s3.onAnyCommand().rejects(refusal('NoSuchBucket', 404));

  expect(await new S3BucketReader(client, 'the-archive').read()).toBe('missing');
});

it.each([
  [{ Days: 30 }, 30],
  [{ Years: 2 }, 730],
] as const)('counts the days of a lock: %o', async (term, days) => {
  s3.on(GetObjectLockConfigurationCommand).resolves({
    ObjectLockConfiguration: {
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode: 'COMPLIANCE', ...term } },
    },
  });

  expect((await read()).objectLock).toEqual({
    value: { enabled: true, retention: { mode: 'compliance', days } },
  });
});
