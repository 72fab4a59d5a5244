import type { Lifecycle } from './lifecycle.ts';

/** Reads how a bucket is set up. */
export interface BucketReader {
  /** The bucket's name, for the operator. */
  readonly bucket: string;
  /** `missing`: there is no such bucket. Never rejects for a part that can't be read: that is in the part. */
  read(signal?: AbortSignal): Promise<BucketSettings | 'missing'>;
}

/** A part of a bucket's settings, or why it could not be read: forbidden, or no answer that could be understood. */
export type Part<T> = { readonly value: T } | { readonly failure: 'denied' | 'unavailable' };

/** What is not set up is a value: `undefined`, no rules, everything off. */
export interface BucketSettings {
  readonly lifecycle: Part<Lifecycle>;
  readonly versioning: Part<'Enabled' | 'Suspended' | 'Off'>;
  readonly encryption: Part<Encryption | undefined>;
  readonly publicAccess: Part<PublicAccessBlocks>;
  readonly ownership: Part<string | undefined>;
  /** The bucket policy as it stands, JSON. */
  readonly policy: Part<string | undefined>;
  readonly objectLock: Part<ObjectLock>;
}

export interface Encryption {
  /** `AES256`, `aws:kms`, `aws:kms:dsse`. */
  readonly algorithm: string;
  /** The key's id, ARN or alias; undefined for S3's own. */
  readonly key?: string | undefined;
}

export const publicAccessBlocks = [
  'BlockPublicAcls',
  'IgnorePublicAcls',
  'BlockPublicPolicy',
  'RestrictPublicBuckets',
] as const;

export type PublicAccessBlocks = Readonly<Record<(typeof publicAccessBlocks)[number], boolean>>;

export interface ObjectLock {
  readonly enabled: boolean;
  /** What every new object is locked with. */
  readonly retention?: LockRetention;
}

export interface LockRetention {
  readonly mode: 'governance' | 'compliance';
  readonly days: number;
}

/** The permission that each part takes to read. */
export const permissions: Readonly<Record<keyof BucketSettings, string>> = {
  lifecycle: 's3:GetLifecycleConfiguration',
  versioning: 's3:GetBucketVersioning',
  encryption: 's3:GetEncryptionConfiguration',
  publicAccess: 's3:GetBucketPublicAccessBlock',
  ownership: 's3:GetBucketOwnershipControls',
  policy: 's3:GetBucketPolicy',
  objectLock: 's3:GetBucketObjectLockConfiguration',
};

/** What the configuration asks of a bucket. */
export interface ExpectedBucket {
  /** The keys that matter. Of two that match a key, the longer one counts. */
  readonly prefixes: readonly ExpectedPrefix[];
  /** Ids of the lifecycle rules that the stack makes. */
  readonly rules: readonly string[];
  /** The key that encrypts; undefined for S3's own. */
  readonly kmsKeyArn?: string;
  readonly objectLock?: LockRetention;
  /** Under this prefix objects are created and never overwritten. */
  readonly createOnly?: string;
  /** Whom the bucket policy may allow anything, as it names them: an ARN, an account, a service. */
  readonly principals: readonly string[];
}

export interface ExpectedPrefix {
  readonly prefix: string;
  /** Days until an object expires, and until what was deleted or replaced is destroyed. */
  readonly days: number;
  readonly noncurrentDays: number;
  readonly move?: { readonly storageClass: string; readonly days: number };
}

/** One thing that is not as it should be. */
export interface Problem {
  readonly severity: 'warning' | 'critical';
  readonly text: string;
}

export function critical(text: string): Problem {
  return { severity: 'critical', text };
}

export function warning(text: string): Problem {
  return { severity: 'warning', text };
}
