import { policyProblems } from './bucket-policy.ts';
import {
  type BucketSettings,
  critical,
  type Encryption,
  type ExpectedBucket,
  type LockRetention,
  type ObjectLock,
  type Part,
  type Problem,
  type PublicAccessBlocks,
  publicAccessBlocks,
  warning,
} from './bucket-settings.ts';
import { lifecycleProblems } from './lifecycle-problems.ts';

/** What is wrong with a bucket, and what of it could not be read. */
export interface Judgement {
  readonly problems: readonly Problem[];
  readonly unread: readonly { readonly part: keyof BucketSettings; readonly why: string }[];
}

/**
 * Compares a bucket with what the configuration asks of it. Critical is what lets logs be lost, changed or seen by
 * outsiders; a warning is what only takes away a second line of defence, or costs money.
 */
export function judgeBucket(
  settings: BucketSettings,
  expected: ExpectedBucket,
  bucket: string,
  now: number,
): Judgement {
  const problems: Problem[] = [];
  const unread: { part: keyof BucketSettings; why: string }[] = [];

  function judge<K extends keyof BucketSettings>(
    part: K,
    read: Part<ValueOf<K>>,
    find: (value: ValueOf<K>) => readonly Problem[] | undefined,
  ): void {
    if ('failure' in read) {
      unread.push({ part, why: read.failure });
      return;
    }
    const found = find(read.value);
    if (found === undefined) unread.push({ part, why: 'not understood' });
    else problems.push(...found);
  }

  judge('lifecycle', settings.lifecycle, (value) => lifecycleProblems(value, expected, now));
  judge('versioning', settings.versioning, versioningProblems);
  judge('encryption', settings.encryption, (value) => encryptionProblems(value, expected.kmsKeyArn));
  judge('publicAccess', settings.publicAccess, publicAccessProblems);
  judge('ownership', settings.ownership, ownershipProblems);
  judge('policy', settings.policy, (value) => policyProblems(value, expected, bucket));
  judge('objectLock', settings.objectLock, (value) => lockProblems(value, expected.objectLock));
  return { problems, unread };
}

type ValueOf<K extends keyof BucketSettings> = BucketSettings[K] extends Part<infer T> ? T : never;

/** Without it a delete, or an expiry, destroys at once. */
function versioningProblems(versioning: 'Enabled' | 'Suspended' | 'Off'): Problem[] {
  if (versioning === 'Enabled') return [];
  const state = versioning === 'Suspended' ? 'suspended' : 'off';
  return [critical(`versioning is ${state}: what is deleted now is gone for good`)];
}

/** S3 encrypts by itself whatever is set, so nothing lies bare; but a key of one's own is there to be used. */
function encryptionProblems(found: Encryption | undefined, kmsKeyArn: string | undefined): Problem[] {
  if (found === undefined) return [warning('no default encryption is set')];
  if (kmsKeyArn === undefined) {
    if (found.algorithm === 'AES256') return [];
    return [warning(`drift: new objects are encrypted with ${found.algorithm}, instead of S3's own key`)];
  }
  if (found.algorithm.startsWith('aws:kms') && found.key === kmsKeyArn) return [];
  const key = found.key === undefined ? `${found.algorithm} and no key of yours` : `the key ${found.key}`;
  return [warning(`drift: new objects are encrypted with ${key}, instead of kmsKeyArn`)];
}

/** Each is all that stands between one mistaken policy or ACL and the public. */
function publicAccessProblems(blocks: PublicAccessBlocks): Problem[] {
  const off = publicAccessBlocks.filter((name) => !blocks[name]);
  return off.length === 0 ? [] : [critical(`the block of public access is lifted: ${off.join(', ')} off`)];
}

/** ACLs count again, though public ones are still blocked, and who writes may own what they wrote. */
function ownershipProblems(ownership: string | undefined): Problem[] {
  if (ownership === 'BucketOwnerEnforced') return [];
  return [
    warning(`object ownership is ${ownership ?? 'not set'}, not BucketOwnerEnforced: ACLs can let others in`),
  ];
}

/** Weaker is critical: somebody relies on it that logs can't be destroyed. */
function lockProblems({ enabled, retention }: ObjectLock, expected: LockRetention | undefined): Problem[] {
  if (expected === undefined) {
    if (!enabled) return [warning('drift: Object Lock is off, so objectLock could not be configured later')];
    if (retention === undefined) return [];
    return [
      warning(
        `drift: new objects are locked (${describe(retention)}), though the configuration has no objectLock`,
      ),
    ];
  }
  const wanted = describe(expected);
  if (!enabled) return [critical(`Object Lock is off, though objectLock is ${wanted}`)];
  if (retention === undefined)
    return [critical(`new objects are not locked, though objectLock is ${wanted}`)];
  const weaker = retention.mode === 'governance' && expected.mode === 'compliance';
  if (weaker || retention.days < expected.days) {
    return [critical(`new objects are locked by ${describe(retention)} only, instead of ${wanted}`)];
  }
  if (retention.mode === expected.mode && retention.days === expected.days) return [];
  return [warning(`drift: new objects are locked by ${describe(retention)}, instead of ${wanted}`)];
}

function describe({ mode, days }: LockRetention): string {
  return `${mode}, ${days} days`;
}
