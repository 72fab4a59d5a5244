import type { BucketReader, BucketSettings } from '../../lib/watch/checks/retention/bucket-settings.ts';
import { isIn, type Weakness, type World } from './simulation-world.ts';

/** The archive's bucket as it is set up at a moment; a configuration with `infrequentAccessDays: 'never'` is meant. */
export function simulatedBucket(world: World, at: number): BucketReader {
  const wrong = world.wrongBucket.find((span) => isIn([span], at));
  return { bucket: 'archive', read: async () => settingsWith(wrong?.weakness) };
}

const good: BucketSettings = {
  lifecycle: lifecycleOf(90),
  versioning: { value: 'Enabled' },
  encryption: { value: { algorithm: 'AES256' } },
  publicAccess: blocks(true),
  ownership: { value: 'BucketOwnerEnforced' },
  policy: {
    value: JSON.stringify({
      Statement: [
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:*',
          Resource: ['arn:aws:s3:::archive', 'arn:aws:s3:::archive/*'],
          Condition: { Bool: { 'aws:SecureTransport': 'false' } },
        },
        {
          Effect: 'Deny',
          Principal: '*',
          Action: 's3:PutObject',
          Resource: 'arn:aws:s3:::archive/logs/*',
          Condition: { Null: { 's3:if-none-match': 'true' } },
        },
      ],
    }),
  },
  objectLock: { value: { enabled: true } },
};

function settingsWith(weakness: Weakness | undefined): BucketSettings {
  switch (weakness) {
    case undefined:
      return good;
    case 'expires sooner':
      return { ...good, lifecycle: lifecycleOf(30) };
    case 'versioning suspended':
      return { ...good, versioning: { value: 'Suspended' } };
    case 'open to the public':
      return { ...good, publicAccess: blocks(false) };
  }
}

function lifecycleOf(days: number): BucketSettings['lifecycle'] {
  const rule = { id: 'expire', enabled: true, prefix: '', tagged: false, transitions: [], abortDays: 1 };
  return { value: { rules: [{ ...rule, expirationDays: days, noncurrentDays: days }] } };
}

function blocks(on: boolean): BucketSettings['publicAccess'] {
  return {
    value: { BlockPublicAcls: on, IgnorePublicAcls: on, BlockPublicPolicy: on, RestrictPublicBuckets: on },
  };
}
