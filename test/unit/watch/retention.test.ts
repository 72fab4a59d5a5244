import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../lib/findings/finding.ts';
import type { BucketSettings } from '../../../lib/watch/checks/retention/bucket-settings.ts';
import {
  bucket,
  createOnly,
  denyHttp,
  expire,
  find,
  infrequentAccess,
  policy,
  problems,
  rules,
} from '../../support/retention-bucket.ts';

it('finds nothing wrong with a bucket that is as the configuration says', async () => {
  expect(await find({})).toEqual({
    check: 'retention',
    subject: 'archive',
    status: 'ok',
    summary: 'The bucket of the archive keeps what the configuration says',
    evidence: { bucket },
    remedy: '',
  });
});

it('a bucket that is gone is critical', async () => {
  expect(await find('missing')).toMatchObject({
    status: 'critical',
    summary: expect.stringContaining('is gone'),
  });
});

describe('the other settings', () => {
  const blocks = [
    'BlockPublicAcls',
    'IgnorePublicAcls',
    'BlockPublicPolicy',
    'RestrictPublicBuckets',
  ] as const;
  const open = {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  };

  it.each<[string, Partial<BucketSettings>, Finding['status'], string]>([
    ['versioning suspended', { versioning: { value: 'Suspended' } }, 'critical', 'versioning is suspended'],
    ['versioning never on', { versioning: { value: 'Off' } }, 'critical', 'versioning is off'],
    ['no encryption', { encryption: { value: undefined } }, 'warning', 'no default encryption'],
    [
      'a key nobody asked for',
      { encryption: { value: { algorithm: 'aws:kms', key: 'k' } } },
      'warning',
      'drift: new',
    ],
    ...blocks.map((name): [string, Partial<BucketSettings>, Finding['status'], string] => [
      `${name} off`,
      { publicAccess: { value: { ...open, [name]: false } } },
      'critical',
      `${name} off`,
    ]),
    ['ACLs', { ownership: { value: 'ObjectWriter' } }, 'warning', 'object ownership is ObjectWriter'],
    ['no ownership', { ownership: { value: undefined } }, 'warning', 'object ownership is not set'],
    [
      'Object Lock off',
      { objectLock: { value: { enabled: false } } },
      'warning',
      'drift: Object Lock is off',
    ],
    [
      'a lock that is not configured',
      { objectLock: { value: { enabled: true, retention: { mode: 'governance', days: 3650 } } } },
      'warning',
      'drift: new objects are locked (governance, 3650 days)',
    ],
    ['no policy', { policy: { value: undefined } }, 'critical', 'no longer denies overwriting under logs/'],
    ['http allowed', policy(createOnly), 'warning', 'no longer denies requests without TLS'],
    ['overwriting allowed', policy(denyHttp), 'critical', 'no longer denies overwriting under logs/'],
  ])('%s', async (_, changes, status, text) => {
    const found = await problems(changes);

    expect(found.status).toBe(status);
    expect(found.problems[0]).toContain(text);
  });

  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd';

  it.each<[string, BucketSettings['encryption'], Finding['status']]>([
    ['that very key', { value: { algorithm: 'aws:kms', key: arn } }, 'ok'],
    ['twice over', { value: { algorithm: 'aws:kms:dsse', key: arn } }, 'ok'],
    ['another key', { value: { algorithm: 'aws:kms', key: 'alias/other' } }, 'warning'],
    ["S3's own key", { value: { algorithm: 'AES256' } }, 'warning'],
  ])("with a key of one's own, encryption by %s", async (_, encryption, status) => {
    expect(await problems({ encryption }, { kmsKeyArn: arn })).toMatchObject({ status });
  });

  it.each<[string, { mode: 'governance' | 'compliance'; days: number } | undefined, Finding['status']]>([
    ['as configured', { mode: 'governance', days: 30 }, 'ok'],
    ['no default', undefined, 'critical'],
    ['fewer days', { mode: 'governance', days: 29 }, 'critical'],
    ['fewer days, of the stronger mode', { mode: 'compliance', days: 29 }, 'critical'],
    ['more days', { mode: 'governance', days: 31 }, 'warning'],
    ['the stronger mode', { mode: 'compliance', days: 30 }, 'warning'],
  ])('with Object Lock: %s', async (_, retention, status) => {
    const objectLock = { value: { enabled: true, ...(retention === undefined ? {} : { retention }) } };

    expect(await problems({ objectLock }, { objectLock: { mode: 'governance', days: 30 } })).toMatchObject({
      status,
    });
  });

  it('with Object Lock: the weaker mode, and none at all', async () => {
    const wanted = { objectLock: { mode: 'compliance', days: 30 } } as const;
    const retention = { mode: 'governance', days: 300 } as const;

    expect(await problems({ objectLock: { value: { enabled: true, retention } } }, wanted)).toMatchObject({
      status: 'critical',
    });
    expect(await problems({ objectLock: { value: { enabled: false } } }, wanted)).toMatchObject({
      status: 'critical',
    });
  });
});

describe('what could not be read', () => {
  it.each<[keyof BucketSettings, string]>([
    ['lifecycle', 's3:GetLifecycleConfiguration'],
    ['versioning', 's3:GetBucketVersioning'],
    ['encryption', 's3:GetEncryptionConfiguration'],
    ['publicAccess', 's3:GetBucketPublicAccessBlock'],
    ['ownership', 's3:GetBucketOwnershipControls'],
    ['policy', 's3:GetBucketPolicy'],
    ['objectLock', 's3:GetBucketObjectLockConfiguration'],
  ])('%s is unknown and never ok, with the permission that is missing', async (part, permission) => {
    const denied = await find({ [part]: { failure: 'denied' } });

    expect(denied.status).toBe('unknown');
    expect(denied.remedy).toBe(`Allow the watch ${permission} on ${bucket}`);
    expect((await find({ [part]: { failure: 'unavailable' } })).status).toBe('unknown');
  });

  it('hides nothing that was read and is wrong', async () => {
    const finding = await find({ policy: { failure: 'denied' }, versioning: { value: 'Suspended' } });

    expect(finding.status).toBe('critical');
    expect(finding.evidence['unread']).toContain('s3:GetBucketPolicy');
    expect(finding.remedy).toContain('s3:GetBucketPolicy');
  });
});

it('names every problem, the worst first, within bounds', async () => {
  const many = Array.from({ length: 1_000 }, (_, index) => ({
    ...expire,
    id: `${'x'.repeat(200)}${index}`,
    enabled: false,
  }));
  const finding = await find({
    ...rules(expire, infrequentAccess, ...many),
    versioning: { value: 'Suspended' },
  });

  expect(finding.status).toBe('critical');
  expect(finding.summary).toContain('versioning is suspended');
  expect(finding.summary.length).toBeLessThanOrEqual(300);
  expect(String(finding.evidence['problems'])).toMatch(/^versioning is suspended.*; and \d+ more$/);
  expect(String(finding.evidence['problems']).length).toBeLessThan(1_600);
});
