import type { Finding } from '../../lib/findings/finding.ts';
import type {
  BucketReader,
  BucketSettings,
  ExpectedBucket,
} from '../../lib/watch/checks/retention/bucket-settings.ts';
import type { LifecycleRule } from '../../lib/watch/checks/retention/lifecycle.ts';
import { retentionCheck } from '../../lib/watch/checks/retention/retention.ts';

/** A bucket that is as the configuration says, and what the check of retention makes of one that is not. */

export const bucket = 'the-archive';
export const now = Date.UTC(2026, 10, 22, 9);
export const expected: ExpectedBucket = {
  prefixes: [
    { prefix: 'logs/', days: 90, noncurrentDays: 90, move: { storageClass: 'STANDARD_IA', days: 30 } },
  ],
  rules: ['expire', 'infrequent-access'],
  createOnly: 'logs/',
  principals: [],
};

export const expire: LifecycleRule = {
  id: 'expire',
  enabled: true,
  prefix: '',
  tagged: false,
  expirationDays: 90,
  noncurrentDays: 90,
  transitions: [],
  abortDays: 1,
};
export const infrequentAccess: LifecycleRule = {
  id: 'infrequent-access',
  enabled: true,
  prefix: '',
  tagged: false,
  sizeGreaterThan: 1,
  transitions: [{ storageClass: 'STANDARD_IA', days: 30 }],
};
export const denyHttp = {
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action: 's3:*',
  Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};
export const createOnly = {
  Sid: 'CreateOnly',
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action: 's3:PutObject',
  Resource: `arn:aws:s3:::${bucket}/logs/*`,
  Condition: { Null: { 's3:if-none-match': 'true' } },
};

export function policy(...statements: readonly unknown[]) {
  return { policy: { value: JSON.stringify({ Version: '2012-10-17', Statement: statements }) } };
}

export function rules(...all: readonly LifecycleRule[]) {
  return { lifecycle: { value: { rules: all } } };
}

export const good: BucketSettings = {
  ...rules(expire, infrequentAccess),
  versioning: { value: 'Enabled' },
  encryption: { value: { algorithm: 'AES256' } },
  publicAccess: {
    value: {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    },
  },
  ownership: { value: 'BucketOwnerEnforced' },
  ...policy(denyHttp, createOnly),
  objectLock: { value: { enabled: true } },
};

export async function find(
  changes: Partial<BucketSettings> | 'missing',
  wanted: Partial<ExpectedBucket> = {},
): Promise<Finding> {
  const reader: BucketReader = {
    bucket,
    read: async () => (changes === 'missing' ? changes : { ...good, ...changes }),
  };
  const check = retentionCheck({
    buckets: [{ subject: 'archive', reader, expected: { ...expected, ...wanted } }],
  });
  const findings = await check.look({
    now,
    signal: AbortSignal.timeout(10_000),
    remembered: () => undefined,
    rememberedSubjects: () => [],
  });
  const [finding, ...more] = findings ?? [];
  if (finding === undefined || more.length > 0) throw new Error('expected one finding');
  return finding;
}

/** The status, and all problems that the evidence names. */
export async function problems(changes: Partial<BucketSettings>, wanted?: Partial<ExpectedBucket>) {
  const { status, evidence } = await find(changes, wanted);
  return { status, problems: String(evidence['problems'] ?? '').split('; ') };
}
