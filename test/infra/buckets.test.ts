import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { statements, synthesise, text } from './synthesise.ts';

const standard = synthesise();
const anyLog = 'logs/shop/2026/11/21/1763683200000-x.gz';
const bucketNames = ['Archive', 'Ledger'] as const;

describe.each(bucketNames)('the %s bucket', (name) => {
  const bucket = standard.named(name, 'AWS::S3::Bucket');
  const policy = statements(standard.named(name, 'AWS::S3::BucketPolicy').Properties['PolicyDocument']);

  test('stays when the stack goes, or is replaced', () => {
    expect(bucket.DeletionPolicy).toBe('Retain');
    expect(bucket.UpdateReplacePolicy).toBe('Retain');
  });

  test('keeps every version', () => {
    expect(bucket.Properties['VersioningConfiguration']).toEqual({ Status: 'Enabled' });
  });

  test('is private and belongs to its owner', () => {
    expect(bucket.Properties['PublicAccessBlockConfiguration']).toEqual({
      BlockPublicAcls: true,
      BlockPublicPolicy: true,
      IgnorePublicAcls: true,
      RestrictPublicBuckets: true,
    });
    expect(bucket.Properties['OwnershipControls']).toEqual({
      Rules: [{ ObjectOwnership: 'BucketOwnerEnforced' }],
    });
    expect(bucket.Properties['AccessControl']).toBeUndefined();
  });

  test('refuses everyone who comes without TLS, and lets nobody in by its policy', () => {
    expect(policy).toContainEqual({
      effect: 'Deny',
      actions: ['s3:*'],
      resources: [`<${name}.Arn>`, `<${name}.Arn>/*`],
      principal: { AWS: '*' },
      condition: { Bool: { 'aws:SecureTransport': 'false' } },
    });
    expect(policy.filter(({ effect }) => effect === 'Allow')).toEqual([]);
  });

  test("is encrypted with S3's key, or with the given one", () => {
    expect(encryption(bucket.Properties)).toEqual([
      { ServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } },
    ]);
    const kmsKeyArn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';
    expect(encryption(synthesise({ kmsKeyArn }).named(name, 'AWS::S3::Bucket').Properties)).toEqual([
      {
        BucketKeyEnabled: true,
        ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: kmsKeyArn },
      },
    ]);
  });

  test('locks objects only where that is configured, without being replaced for it', () => {
    expect(bucket.Properties['ObjectLockConfiguration']).toBeUndefined();
    const locked = synthesise({ objectLock: { mode: 'compliance', days: 90 } });
    const lockedBucket = locked.named(name, 'AWS::S3::Bucket');
    expect(lockedBucket.Properties['ObjectLockConfiguration']).toEqual({
      ObjectLockEnabled: 'Enabled',
      Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 90 } },
    });
    // A change of these replaces the bucket.
    for (const key of ['ObjectLockEnabled', 'BucketName']) {
      expect(lockedBucket.Properties[key]).toEqual(bucket.Properties[key]);
    }
  });

  test('keeps no upload that was never completed', () => {
    expect(fateIn(name, {}, 'x', 5000).incompleteUploadsEnd).toEqual([1]);
  });
});

describe('what expires', () => {
  test.each([
    ['Archive', 'logs/shop/2026/11/21/1763683200000-x.gz', { retentionDays: 90 }, 90],
    ['Archive', 'logs/shop/2026/11/21/1763683200000-x.gz', { retentionDays: 400, incidentDays: 90 }, 400],
    ['Ledger', 'incidents/inc_20261121_0915_k3f9qa/events/1-x.json', {}, 400],
    ['Ledger', 'incidents/inc_20261121_0915_k3f9qa/artifacts/postmortem.md', { incidentDays: 730 }, 730],
    ['Ledger', 'incidents/set-aside/1.json', { retentionDays: 3650 }, 400],
    ['Ledger', 'reports/incidents/weekly/2026-W47.md', { retentionDays: 365 }, 365],
  ] as const)('in the %s: %s, with %j, after %i days', (name, key, config, days) => {
    const fate = fateIn(name, config, key, 5000);
    expect(fate.currentExpires).toEqual([days]);
    expect(fate.noncurrentExpires).toEqual([days]);
    // Expiration by days removes lone delete markers only through a rule that no size filter narrows.
    expect(fate.markersExpire).toEqual([days]);
  });

  test.each(['incidents/state.json', 'reports/jobs/watch.json'])(
    'are the former versions of %s, which every run replaces, after a week',
    (key) => {
      expect(Math.min(...fateIn('Ledger', {}, key, 50_000).noncurrentExpires)).toBe(7);
    },
  );
});

describe('the archive', () => {
  test('is created in only: a put under logs/ without If-None-Match is denied to everyone', () => {
    const policy = statements(
      standard.named('Archive', 'AWS::S3::BucketPolicy').Properties['PolicyDocument'],
    );
    expect(policy).toContainEqual({
      effect: 'Deny',
      actions: ['s3:PutObject'],
      resources: ['<Archive.Arn>/logs/*'],
      principal: { AWS: '*' },
      condition: { Null: { 's3:if-none-match': 'true' } },
    });
  });

  test.each([300, 5_000, 127 * 1024, 5_000_000])(
    'moves an object of %i bytes to Infrequent Access only where that is configured',
    (size) => {
      expect(fateIn('Archive', {}, anyLog, size).moves).toEqual([]);
      expect(fateIn('Archive', { infrequentAccessDays: 45 }, anyLog, size).moves).toEqual([
        { to: 'STANDARD_IA', days: 45 },
      ]);
      expect(fateIn('Archive', { infrequentAccessDays: 'never' }, anyLog, size).moves).toEqual([]);
    },
  );
});

test('the names of the buckets are outputs', () => {
  expect(text(standard.outputs['ArchiveBucket']?.Value)).toBe('<Archive>');
  expect(text(standard.outputs['LedgerBucket']?.Value)).toBe('<Ledger>');
});

test('an upgrade keeps the buckets: their logical ids are for good', () => {
  const ids = Object.entries(standard.resources)
    .filter(([, { Type }]) => Type === 'AWS::S3::Bucket')
    .map(([id]) => id);
  expect(ids).toEqual(['ArchiveDA4CB258', 'LedgerB7379752']);
});

function encryption(properties: Readonly<Record<string, unknown>>): unknown {
  return z
    .object({ ServerSideEncryptionConfiguration: z.array(z.unknown()) })
    .parse(properties['BucketEncryption']).ServerSideEncryptionConfiguration;
}

const lifecycle = z.strictObject({
  Rules: z.array(
    z.strictObject({
      Id: z.string(),
      Status: z.literal('Enabled'),
      Prefix: z.string().default(''),
      ExpirationInDays: z.number().optional(),
      NoncurrentVersionExpiration: z.strictObject({ NoncurrentDays: z.number() }).optional(),
      AbortIncompleteMultipartUpload: z.strictObject({ DaysAfterInitiation: z.number() }).optional(),
      Transitions: z
        .array(z.strictObject({ StorageClass: z.string(), TransitionInDays: z.number() }))
        .default([]),
      ObjectSizeGreaterThan: z.number().optional(),
    }),
  ),
});

/** What S3 does to an object of this key and size: without a size filter, nothing under 128 KB changes its class. */
function fateIn(name: (typeof bucketNames)[number], config: unknown, key: string, size: number) {
  const { Properties } = synthesise(config).named(name, 'AWS::S3::Bucket');
  const { Rules } = lifecycle.parse(Properties['LifecycleConfiguration']);
  const rules = Rules.filter(
    ({ Prefix, ObjectSizeGreaterThan = -1 }) => key.startsWith(Prefix) && size > ObjectSizeGreaterThan,
  );
  const unfiltered = rules.filter(({ ObjectSizeGreaterThan }) => ObjectSizeGreaterThan === undefined);
  return {
    currentExpires: rules.flatMap(({ ExpirationInDays }) => ExpirationInDays ?? []),
    noncurrentExpires: rules.flatMap((rule) => rule.NoncurrentVersionExpiration?.NoncurrentDays ?? []),
    incompleteUploadsEnd: rules.flatMap(
      (rule) => rule.AbortIncompleteMultipartUpload?.DaysAfterInitiation ?? [],
    ),
    markersExpire: unfiltered.flatMap(({ ExpirationInDays }) => ExpirationInDays ?? []),
    moves: rules
      .filter(({ ObjectSizeGreaterThan }) => ObjectSizeGreaterThan !== undefined || size >= 128 * 1024)
      .flatMap(({ Transitions }) =>
        Transitions.map(({ StorageClass, TransitionInDays }) => ({
          to: StorageClass,
          days: TransitionInDays,
        })),
      ),
  };
}
