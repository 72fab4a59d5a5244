import { randomUUID } from 'node:crypto';
import {
  DeleteBucketEncryptionCommand,
  DeleteBucketLifecycleCommand,
  DeleteBucketOwnershipControlsCommand,
  DeleteBucketPolicyCommand,
  DeletePublicAccessBlockCommand,
  type LifecycleRule,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketVersioningCommand,
  PutObjectLockConfigurationCommand,
  PutPublicAccessBlockCommand,
} from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';
import { createS3Client } from '../../lib/archive/store/aws/s3-store.ts';
import { parseConfig } from '../../lib/config/config.ts';
import type { Finding } from '../../lib/findings/finding.ts';
import { S3BucketReader } from '../../lib/watch/checks/retention/aws/s3-bucket-reader.ts';
import { expectedArchive, expectedLedger } from '../../lib/watch/checks/retention/expected-buckets.ts';
import { retentionCheck } from '../../lib/watch/checks/retention/retention.ts';
import { synthesise } from '../infra/synthesise.ts';
import { type Made, makeStackBucket, putLifecycle, type Subject } from './stack-buckets.ts';

/**
 * The synthesised buckets, made on moto through S3's API, pass; each single weakening is found.
 *
 * What moto lacks (5.2.5), and test/infra/retention.test.ts and test/unit/ cover instead: it forgets a lifecycle
 * rule's filter on size and NewerNoncurrentVersions, so the stack's move to Infrequent Access is left out here;
 * and it enforces no permission, so nothing is ever denied.
 */

const cistern = { infrequentAccessDays: 'never', objectLock: { mode: 'governance', days: 30 } } as const;
const config = parseConfig(cistern);
const template = synthesise(cistern);
const client = createS3Client();
afterAll(() => client.destroy());

const make = (subject: Subject) => makeStackBucket(client, template, subject);

async function find(subject: Subject, bucket: string): Promise<Finding> {
  const expected = subject === 'archive' ? expectedArchive(config) : expectedLedger(config);
  const check = retentionCheck({
    buckets: [{ subject, reader: new S3BucketReader(client, bucket), expected }],
  });
  const [finding] =
    (await check.look({
      now: Date.now(),
      signal: AbortSignal.timeout(30_000),
      remembered: () => undefined,
      rememberedSubjects: () => [],
    })) ?? [];
  if (finding === undefined) throw new Error('expected a finding');
  return finding;
}

function problemsOf({ evidence }: Finding): string {
  return String(evidence['problems'] ?? evidence['unread'] ?? '');
}

/** Changes the one rule of the archive that lets everything expire. */
function withRule(change: Partial<LifecycleRule>) {
  return ({ bucket, lifecycle }: Made) =>
    putLifecycle(
      client,
      bucket,
      (lifecycle.Rules ?? []).map((rule) => (rule.ID === 'expire' ? { ...rule, ...change } : rule)),
    );
}

function addRule(rule: Partial<LifecycleRule>) {
  return ({ bucket, lifecycle }: Made) =>
    putLifecycle(client, bucket, [
      ...(lifecycle.Rules ?? []),
      { ID: 'extra', Status: 'Enabled', Filter: {}, ...rule },
    ]);
}

function addStatement(statement: Readonly<Record<string, unknown>>) {
  return ({ bucket, policy }: Made) =>
    putPolicy(bucket, policy, (statements) => [
      ...statements,
      { Effect: 'Allow', Action: 's3:GetObject', Resource: `arn:aws:s3:::${bucket}/*`, ...statement },
    ]);
}

async function putPolicy(
  bucket: string,
  policy: string,
  change: (statements: readonly unknown[]) => readonly unknown[],
): Promise<void> {
  const document: { Statement: unknown[] } = JSON.parse(policy);
  const Policy = JSON.stringify({ ...document, Statement: change(document.Statement) });
  await client.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy }));
}

function liftBlock(name: string) {
  return ({ bucket, publicAccess }: Made) =>
    client.send(
      new PutPublicAccessBlockCommand({
        Bucket: bucket,
        PublicAccessBlockConfiguration: { ...publicAccess, [name]: false },
      }),
    );
}

function lock(retention: { Mode: 'GOVERNANCE' | 'COMPLIANCE'; Days: number } | undefined) {
  return ({ bucket }: Made) =>
    client.send(
      new PutObjectLockConfigurationCommand({
        Bucket: bucket,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          ...(retention === undefined ? {} : { Rule: { DefaultRetention: retention } }),
        },
      }),
    );
}

describe.each(['archive', 'ledger'] as const)('the %s that the stack makes', (subject) => {
  it('is as it should be', async () => {
    const { bucket } = await make(subject);

    const finding = await find(subject, bucket);

    expect(problemsOf(finding)).toBe('');
    expect(finding.status).toBe('ok');
  });

  it('is missed when it is gone', async () => {
    expect(await find(subject, `gone-${randomUUID()}`)).toMatchObject({ status: 'critical' });
  });
});

type Weakening = [string, Finding['status'], string, (made: Made) => Promise<unknown>];

describe('one weakening of the archive is found:', () => {
  it.each<Weakening>([
    ['expiry off', 'warning', 'never expire', withRule({ Status: 'Disabled' })],
    ['expiry sooner', 'critical', 'expire 89 days', withRule({ Expiration: { Days: 89 } })],
    [
      'expiry later',
      'warning',
      'drift: objects under logs/ expire 91 days',
      withRule({ Expiration: { Days: 91 } }),
    ],
    ['no expiry of what is there', 'warning', 'never expire', withRule({ Expiration: undefined })],
    [
      'deleted objects destroyed sooner',
      'critical',
      'are destroyed 1 day',
      withRule({ NoncurrentVersionExpiration: { NoncurrentDays: 1 } }),
    ],
    [
      'deleted objects never destroyed',
      'warning',
      'are never destroyed',
      withRule({ NoncurrentVersionExpiration: undefined }),
    ],
    ['wrong prefix', 'warning', 'never expire', withRule({ Filter: { Prefix: 'log/' } })],
    ['a tag', 'warning', 'never expire', withRule({ Filter: { Tag: { Key: 'a', Value: 'b' } } })],
    [
      'a tag and a prefix',
      'warning',
      'never expire',
      withRule({ Filter: { And: { Prefix: 'logs/', Tags: [{ Key: 'a', Value: 'b' }] } } }),
    ],
    [
      'a date in the past',
      'critical',
      'expire at once',
      withRule({ Expiration: { Date: new Date(Date.UTC(2026, 0, 1)) } }),
    ],
    [
      'a further rule for one app',
      'critical',
      'under logs/shop/ expire 7 days',
      addRule({ Filter: { Prefix: 'logs/shop/' }, Expiration: { Days: 7 } }),
    ],
    [
      'a further rule in the older spelling',
      'critical',
      'under logs/ expire 7 days',
      addRule({ Filter: undefined, Prefix: 'logs/', Expiration: { Days: 7 } }),
    ],
    [
      'a move to where small objects never go',
      'warning',
      'under 128 KB never move to GLACIER',
      addRule({ Transitions: [{ StorageClass: 'GLACIER', Days: 30 }] }),
    ],
    ['another id', 'warning', 'drift: rule "expire" is missing', withRule({ ID: 'mine' })],
    [
      'no lifecycle',
      'warning',
      'never expire',
      ({ bucket }) => client.send(new DeleteBucketLifecycleCommand({ Bucket: bucket })),
    ],
    [
      'versioning suspended',
      'critical',
      'versioning is suspended',
      ({ bucket }) =>
        client.send(
          new PutBucketVersioningCommand({
            Bucket: bucket,
            VersioningConfiguration: { Status: 'Suspended' },
          }),
        ),
    ],
    [
      'no encryption',
      'warning',
      'encrypt',
      ({ bucket }) => client.send(new DeleteBucketEncryptionCommand({ Bucket: bucket })),
    ],
    ...['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'].map(
      (name): Weakening => [`${name} lifted`, 'critical', `${name} off`, liftBlock(name)],
    ),
    [
      'all blocks lifted',
      'critical',
      'RestrictPublicBuckets off',
      ({ bucket }) => client.send(new DeletePublicAccessBlockCommand({ Bucket: bucket })),
    ],
    [
      'ACLs',
      'warning',
      'object ownership is ObjectWriter',
      ({ bucket }) =>
        client.send(
          new PutBucketOwnershipControlsCommand({
            Bucket: bucket,
            OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
          }),
        ),
    ],
    [
      'no ownership',
      'warning',
      'object ownership is not set',
      ({ bucket }) => client.send(new DeleteBucketOwnershipControlsCommand({ Bucket: bucket })),
    ],
    [
      'no policy',
      'critical',
      'no longer denies overwriting',
      ({ bucket }) => client.send(new DeleteBucketPolicyCommand({ Bucket: bucket })),
    ],
    [
      'the denial of plain http gone',
      'warning',
      'no longer denies requests without TLS',
      ({ bucket, policy }) => putPolicy(bucket, policy, (statements) => statements.slice(1)),
    ],
    [
      'the denial of overwriting gone',
      'critical',
      'no longer denies overwriting',
      ({ bucket, policy }) => putPolicy(bucket, policy, (statements) => statements.slice(0, 1)),
    ],
    ['everybody let in', 'critical', 'to everybody', addStatement({ Principal: '*' })],
    [
      'an account let in',
      'critical',
      'the AWS principal',
      addStatement({ Principal: { AWS: '444455556666' } }),
    ],
    [
      'a service let in',
      'critical',
      'the service',
      addStatement({ Principal: { Service: 'config.amazonaws.com' } }),
    ],
    [
      'everybody but one let in',
      'critical',
      'everybody but some',
      addStatement({ NotPrincipal: { AWS: 'arn:aws:iam::444455556666:root' } }),
    ],
    ['locked for fewer days', 'critical', 'only, instead of', lock({ Mode: 'GOVERNANCE', Days: 29 })],
    ['locked for more days', 'warning', 'drift: new objects', lock({ Mode: 'GOVERNANCE', Days: 31 })],
  ])('%s', async (_, status, text, weaken) => {
    const made = await make('archive');
    await weaken(made);

    const finding = await find('archive', made.bucket);

    expect(problemsOf(finding)).toContain(text);
    expect(finding.status).toBe(status);
  });
});

describe('one weakening of the ledger is found:', () => {
  it.each<Weakening>([
    [
      'incidents that expire sooner',
      'critical',
      'objects under incidents/ expire 30 days',
      addRule({ Filter: { Prefix: 'incidents/' }, Expiration: { Days: 30 } }),
    ],
    ['a rule for everything', 'critical', 'expire 30 days', addRule({ Expiration: { Days: 30 } })],
    ['a principal', 'critical', 'to everybody', addStatement({ Principal: { AWS: '*' } })],
  ])('%s', async (_, status, text, weaken) => {
    const made = await make('ledger');
    await weaken(made);

    const finding = await find('ledger', made.bucket);

    expect(problemsOf(finding)).toContain(text);
    expect(finding.status).toBe(status);
  });
});
