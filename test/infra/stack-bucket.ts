import type {
  BucketLifecycleConfiguration,
  LifecycleRule,
  ObjectLockConfiguration,
  OwnershipControls,
  PublicAccessBlockConfiguration,
  ServerSideEncryptionConfiguration,
} from '@aws-sdk/client-s3';
import * as z from 'zod';
import { type synthesise, text } from './synthesise.ts';

/** A bucket of the synthesised template as S3's own API is told of it. */
export interface StackBucket {
  readonly lifecycle: BucketLifecycleConfiguration;
  readonly encryption: ServerSideEncryptionConfiguration;
  readonly publicAccess: PublicAccessBlockConfiguration;
  readonly ownership: OwnershipControls;
  readonly versioning: 'Enabled';
  readonly objectLock: ObjectLockConfiguration;
  readonly policy: string;
}

// Strict all along: what CloudFormation is told and this does not know would go untested.
const rule = z.strictObject({
  Id: z.string(),
  Status: z.enum(['Enabled', 'Disabled']),
  Prefix: z.string().optional(),
  ObjectSizeGreaterThan: z.number().optional(),
  ExpirationInDays: z.number().optional(),
  NoncurrentVersionExpiration: z.strictObject({ NoncurrentDays: z.number() }).optional(),
  AbortIncompleteMultipartUpload: z.strictObject({ DaysAfterInitiation: z.number() }).optional(),
  Transitions: z
    .array(z.strictObject({ StorageClass: z.literal('STANDARD_IA'), TransitionInDays: z.number() }))
    .optional(),
});

const properties = z.strictObject({
  LifecycleConfiguration: z.strictObject({ Rules: z.array(rule) }),
  BucketEncryption: z.strictObject({
    ServerSideEncryptionConfiguration: z.array(
      z.strictObject({
        BucketKeyEnabled: z.boolean().optional(),
        ServerSideEncryptionByDefault: z.strictObject({
          SSEAlgorithm: z.enum(['AES256', 'aws:kms']),
          KMSMasterKeyID: z.string().optional(),
        }),
      }),
    ),
  }),
  OwnershipControls: z.strictObject({
    Rules: z.array(z.strictObject({ ObjectOwnership: z.literal('BucketOwnerEnforced') })),
  }),
  PublicAccessBlockConfiguration: z.record(z.string(), z.boolean()),
  VersioningConfiguration: z.strictObject({ Status: z.literal('Enabled') }),
  ObjectLockEnabled: z.literal(true),
  ObjectLockConfiguration: z
    .strictObject({
      ObjectLockEnabled: z.literal('Enabled'),
      Rule: z.strictObject({
        DefaultRetention: z.strictObject({ Mode: z.enum(['GOVERNANCE', 'COMPLIANCE']), Days: z.number() }),
      }),
    })
    .optional(),
});

export function stackBucket(
  template: ReturnType<typeof synthesise>,
  name: 'Archive' | 'Ledger',
  bucket: string,
): StackBucket {
  const found = properties.parse(template.named(name, 'AWS::S3::Bucket').Properties);
  const policy = template.named(name, 'AWS::S3::BucketPolicy').Properties['PolicyDocument'];
  return {
    lifecycle: { Rules: found.LifecycleConfiguration.Rules.map(ruleOfS3) },
    encryption: {
      Rules: found.BucketEncryption.ServerSideEncryptionConfiguration.map((each) => ({
        BucketKeyEnabled: each.BucketKeyEnabled,
        ApplyServerSideEncryptionByDefault: each.ServerSideEncryptionByDefault,
      })),
    },
    publicAccess: found.PublicAccessBlockConfiguration,
    ownership: found.OwnershipControls,
    versioning: found.VersioningConfiguration.Status,
    objectLock: { ObjectLockEnabled: 'Enabled', Rule: found.ObjectLockConfiguration?.Rule },
    policy: JSON.stringify(resolved(policy)).replaceAll(`<${name}.Arn>`, `arn:aws:s3:::${bucket}`),
  };
}

/** CloudFormation puts a rule's filter beside it; the API has it in `Filter`. */
function ruleOfS3(found: z.output<typeof rule>): LifecycleRule {
  const { Id, Status, Prefix, ObjectSizeGreaterThan, ExpirationInDays, Transitions, ...same } = found;
  if (Prefix !== undefined && ObjectSizeGreaterThan !== undefined) throw new Error(`${Id} has two filters`);
  return {
    ID: Id,
    Status,
    Filter: ObjectSizeGreaterThan === undefined ? { Prefix: Prefix ?? '' } : { ObjectSizeGreaterThan },
    Expiration: ExpirationInDays === undefined ? undefined : { Days: ExpirationInDays },
    Transitions: Transitions?.map(({ StorageClass, TransitionInDays }) => ({
      StorageClass,
      Days: TransitionInDays,
    })),
    ...same,
  };
}

/** With every intrinsic function written out. */
function resolved(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(resolved);
  if (typeof value !== 'object' || value === null) return value;
  if (Object.keys(value).some((key) => key === 'Ref' || key.startsWith('Fn::'))) return text(value);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, resolved(each)]));
}
