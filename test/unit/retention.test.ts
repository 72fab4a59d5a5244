import { describe, expect, it } from 'vitest';
import type { BucketReader, BucketSettings, ExpectedBucket } from '../../lib/watch/bucket-settings.ts';
import type { Finding } from '../../lib/watch/finding.ts';
import type { LifecycleRule } from '../../lib/watch/lifecycle.ts';
import { retentionCheck } from '../../lib/watch/retention.ts';

const bucket = 'the-archive';
const now = Date.UTC(2026, 10, 22, 9);
const expected: ExpectedBucket = {
  prefixes: [
    { prefix: 'logs/', days: 90, noncurrentDays: 90, move: { storageClass: 'STANDARD_IA', days: 30 } },
  ],
  rules: ['expire', 'infrequent-access'],
  createOnly: 'logs/',
  principals: [],
};

const expire: LifecycleRule = {
  id: 'expire',
  enabled: true,
  prefix: '',
  tagged: false,
  expirationDays: 90,
  noncurrentDays: 90,
  transitions: [],
};
const infrequentAccess: LifecycleRule = {
  id: 'infrequent-access',
  enabled: true,
  prefix: '',
  tagged: false,
  sizeGreaterThan: 1,
  transitions: [{ storageClass: 'STANDARD_IA', days: 30 }],
};
const denyHttp = {
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action: 's3:*',
  Resource: [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`],
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};
const createOnly = {
  Sid: 'CreateOnly',
  Effect: 'Deny',
  Principal: { AWS: '*' },
  Action: 's3:PutObject',
  Resource: `arn:aws:s3:::${bucket}/logs/*`,
  Condition: { Null: { 's3:if-none-match': 'true' } },
};

function policy(...statements: readonly unknown[]) {
  return { policy: { value: JSON.stringify({ Version: '2012-10-17', Statement: statements }) } };
}

function rules(...all: readonly LifecycleRule[]) {
  return { lifecycle: { value: { rules: all } } };
}

const good: BucketSettings = {
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

async function find(
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
async function problems(changes: Partial<BucketSettings>, wanted?: Partial<ExpectedBucket>) {
  const { status, evidence } = await find(changes, wanted);
  return { status, problems: String(evidence['problems'] ?? '').split('; ') };
}

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

describe('shorter than required is critical', () => {
  const day = 24 * 60 * 60 * 1000;
  const midnight = Date.UTC(2026, 10, 22);
  const extra = (rule: Partial<LifecycleRule>): LifecycleRule => ({
    id: 'extra',
    enabled: true,
    prefix: '',
    tagged: false,
    transitions: [],
    ...rule,
  });

  it.each<[string, LifecycleRule, string]>([
    ['a rule for everything', extra({ expirationDays: 89 }), 'under logs/ expire 89 days after'],
    ['one for one app', extra({ expirationDays: 7, prefix: 'logs/shop/' }), 'under logs/shop/ expire 7 days'],
    [
      'one for a part of a name',
      extra({ expirationDays: 1, prefix: 'logs/sh' }),
      'under logs/sh expire 1 day after',
    ],
    ['one for a shorter prefix', extra({ expirationDays: 7, prefix: 'lo' }), 'under logs/ expire 7 days'],
    ['one for large objects', extra({ expirationDays: 7, sizeGreaterThan: 1024 * 1024 }), 'expire 7 days'],
    ['one for small objects', extra({ expirationDays: 7, sizeLessThan: 101 }), 'expire 7 days'],
    [
      'a date that has passed',
      extra({ expirationDate: midnight - day }),
      'expire at once (every object since 2026-11-21)',
    ],
    [
      'a date that comes',
      extra({ expirationDate: midnight + 30 * day }),
      'expire 29 days (all on 2026-12-22)',
    ],
    [
      'deleted objects',
      extra({ noncurrentDays: 7 }),
      'are destroyed 7 days after they are deleted, not 90 days',
    ],
    [
      'deleted objects with many newer versions',
      extra({ noncurrentDays: 7, newerNoncurrentVersions: 5 }),
      'are destroyed 7 days after they are deleted',
    ],
  ])('by %s', async (_, rule, text) => {
    const found = await problems(rules(expire, infrequentAccess, rule));

    expect(found.status).toBe('critical');
    expect(found.problems[0]).toContain(text);
    expect(found.problems[0]).toContain('(rule "extra")');
  });

  it.each<[string, LifecycleRule]>([
    ['is switched off', extra({ expirationDays: 7, enabled: false })],
    ['asks for a tag', extra({ expirationDays: 7, tagged: true })],
    ['has another prefix', extra({ expirationDays: 7, prefix: 'other/' })],
    ['is for larger objects than there are', extra({ expirationDays: 7, sizeGreaterThan: 16 * 1024 * 1024 })],
    ['is for smaller objects than there are', extra({ expirationDays: 7, sizeLessThan: 100 })],
    ['removes lone delete markers only', extra({})],
    ['has a date beyond the required days', extra({ expirationDate: midnight + 500 * day })],
  ])('but not by a rule that %s: that is drift', async (_, rule) => {
    const found = await problems(rules(expire, infrequentAccess, rule));

    expect(found.status).toBe('warning');
    expect(found.problems).toHaveLength(1);
    expect(found.problems[0]).toMatch(/^drift: there is a rule "extra" that the configuration does not have/);
  });
});

describe('the lifecycle may differ otherwise, which is a warning', () => {
  it.each<[string, readonly LifecycleRule[], string]>([
    [
      'longer',
      [{ ...expire, expirationDays: 400 }, infrequentAccess],
      'drift: objects under logs/ expire 400 days',
    ],
    [
      'longer once deleted',
      [{ ...expire, noncurrentDays: 400 }, infrequentAccess],
      'drift: objects under logs/ are destroyed 400 days',
    ],
    ['no expiry', [infrequentAccess], 'objects under logs/ never expire'],
    ['no rule', [], 'objects under logs/ never expire'],
    ['expiry off', [{ ...expire, enabled: false }, infrequentAccess], 'objects under logs/ never expire'],
    [
      'expiry of another prefix',
      [{ ...expire, prefix: 'Logs/' }, infrequentAccess],
      'objects under logs/ never expire',
    ],
    [
      'expiry of some objects',
      [{ ...expire, prefix: 'logs/shop/' }, infrequentAccess],
      'objects under logs/ of 100 bytes, or other such sizes, never expire',
    ],
    [
      'expiry of large objects',
      [{ ...expire, sizeGreaterThan: 5_000 }, infrequentAccess],
      'objects under logs/ of 100 bytes, or other such sizes, never expire',
    ],
    [
      'expiry that keeps the newest deleted versions',
      [{ ...expire, newerNoncurrentVersions: 1 }, infrequentAccess],
      'drift: the newest deleted versions under logs/ are never destroyed',
    ],
    ['another id', [{ ...expire, id: 'mine' }, infrequentAccess], 'drift: rule "expire" is missing'],
    ['no move', [expire], 'drift: not all objects under logs/ move to STANDARD_IA'],
    [
      'a move that small objects never make',
      [expire, { ...infrequentAccess, sizeGreaterThan: undefined }],
      'objects under 128 KB never move to STANDARD_IA: rule "infrequent-access" has no filter on size',
    ],
    [
      'a move after the expiry',
      [expire, { ...infrequentAccess, transitions: [{ storageClass: 'STANDARD_IA', days: 90 }] }],
      'rule "infrequent-access" never moves anything under logs/ to STANDARD_IA: objects expire before',
    ],
    [
      'a later move',
      [expire, { ...infrequentAccess, transitions: [{ storageClass: 'STANDARD_IA', days: 60 }] }],
      'drift: objects under logs/ move to STANDARD_IA 60 days after they are stored, instead of 30 days',
    ],
    [
      'a move to where nothing can be read',
      [
        expire,
        infrequentAccess,
        { ...infrequentAccess, id: 'x', transitions: [{ storageClass: 'GLACIER', days: 40 }] },
      ],
      'drift: objects under logs/ move to GLACIER (rule "x"), where nothing can be read before it is restored',
    ],
  ])('%s', async (_, all, text) => {
    const found = await problems(rules(...all));

    expect(found.status).toBe('warning');
    expect(found.problems).toContainEqual(expect.stringContaining(text));
  });

  it('judges a key by the longest prefix that is configured', async () => {
    const prefixes = [
      { prefix: 'incidents/', days: 400, noncurrentDays: 400 },
      { prefix: 'incidents/state.json', days: 400, noncurrentDays: 7 },
    ];
    const wanted = { prefixes, rules: ['incidents', 'state'] };
    const incidents = {
      ...expire,
      id: 'incidents',
      prefix: 'incidents/',
      expirationDays: 400,
      noncurrentDays: 400,
    };
    const state = {
      ...expire,
      id: 'state',
      prefix: 'incidents/state.json',
      expirationDays: undefined,
      noncurrentDays: 7,
    };

    expect(await problems(rules(incidents, state), wanted)).toMatchObject({ status: 'ok' });
    expect(await problems(rules(incidents, { ...state, prefix: 'incidents/s' }), wanted)).toMatchObject({
      status: 'critical',
      problems: [expect.stringContaining('under incidents/s are destroyed 7 days')],
    });
    expect(await problems(rules(incidents), wanted)).toMatchObject({ status: 'warning' });
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

describe('the bucket policy', () => {
  const allow = {
    Sid: 'Extra',
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: `arn:aws:s3:::${bucket}/*`,
  };
  const account = '111122223333';
  const root = `arn:aws:iam::${account}:root`;

  it.each<[string, unknown, string]>([
    ['everybody', '*', 'to everybody'],
    ['everybody, as AWS', { AWS: '*' }, 'to everybody'],
    ['everybody among others', { AWS: [root, '*'] }, 'to everybody'],
    ['another account', { AWS: account }, `the AWS principal ${account}`],
    ['a role', { AWS: `arn:aws:iam::${account}:role/x` }, 'the AWS principal arn:aws:iam'],
    ['a service', { Service: 'logging.s3.amazonaws.com' }, 'the service logging.s3.amazonaws.com'],
    [
      'an identity provider',
      { Federated: 'cognito-identity.amazonaws.com' },
      'the identity provider cognito',
    ],
    ['a canonical user', { CanonicalUser: '79a59df900b949e5' }, 'the canonical user 79a59df900b949e5'],
  ])('lets in %s', async (_, Principal, text) => {
    const found = await problems(policy(denyHttp, createOnly, { ...allow, Principal }));

    expect(found.status).toBe('critical');
    expect(found.problems).toContainEqual(
      expect.stringMatching(/the bucket policy allows something .*"Extra"/),
    );
    expect(found.problems.join()).toContain(text);
  });

  it('lets in everybody but some', async () => {
    const found = await problems(policy(denyHttp, createOnly, { ...allow, NotPrincipal: { AWS: root } }));

    expect(found).toMatchObject({
      status: 'critical',
      problems: [expect.stringContaining('everybody but some')],
    });
  });

  it.each<[string, unknown]>([
    ['as the account', { AWS: account }],
    ["as its root's ARN", { AWS: [root] }],
  ])('may let in whom the configuration expects, %s', async (_, Principal) => {
    for (const principals of [[account], [root]]) {
      expect(
        await problems(policy(denyHttp, createOnly, { ...allow, Principal }), { principals }),
      ).toMatchObject({ status: 'ok' });
    }
  });

  it.each<[string, Record<string, unknown>]>([
    ['for some principals only', { Principal: { AWS: root } }],
    ['for one action only', { Action: 's3:GetObject' }],
    ['for the bucket only', { Resource: `arn:aws:s3:::${bucket}` }],
    ['for the objects only', { Resource: `arn:aws:s3:::${bucket}/*` }],
    ['for another bucket', { Resource: ['arn:aws:s3:::other', 'arn:aws:s3:::other/*'] }],
    ['always', { Condition: undefined }],
    ['never', { Condition: { Bool: { 'aws:SecureTransport': 'true' } } }],
    [
      'for some addresses only',
      { Condition: { ...denyHttp.Condition, IpAddress: { 'aws:SourceIp': '192.0.2.0/24' } } },
    ],
    ['by allowing instead', { Effect: 'Allow', Principal: { AWS: account } }],
  ])('no longer requires TLS when it denies %s', async (_, change) => {
    const found = await problems(policy({ ...denyHttp, ...change }, createOnly));

    expect(found.problems.join()).toContain('no longer denies requests without TLS');
  });

  it.each<[string, Record<string, unknown>]>([
    ['under a narrower prefix', { Resource: `arn:aws:s3:::${bucket}/logs/shop/*` }],
    ['under a prefix in other letters', { Resource: `arn:aws:s3:::${bucket}/LOGS/*` }],
    ['something else', { Action: 's3:PutObjectAcl' }],
    ['what does not overwrite', { Condition: { Null: { 's3:if-none-match': 'false' } } }],
    ['some', { Principal: { AWS: root } }],
  ])('no longer requires creation when it denies %s', async (_, change) => {
    const found = await problems(policy(denyHttp, { ...createOnly, ...change }));

    expect(found.status).toBe('critical');
    expect(found.problems.join()).toContain('no longer denies overwriting under logs/');
  });

  it.each<[string, unknown]>([
    [
      'with other spellings',
      {
        ...denyHttp,
        Principal: '*',
        Action: ['S3:*'],
        Condition: { bool: { 'AWS:securetransport': [false] } },
      },
    ],
    ['of every action and resource', { ...denyHttp, Action: '*', Resource: '*' }],
    [
      'of another partition',
      { ...denyHttp, Resource: [`arn:aws-cn:s3:::${bucket}`, `arn:aws-cn:s3:::${bucket}/*`] },
    ],
  ])('still requires TLS %s', async (_, statement) => {
    expect(await problems(policy(statement, createOnly))).toMatchObject({ status: 'ok' });
  });

  it('denies something more, which is drift', async () => {
    const deny = { ...allow, Effect: 'Deny', Principal: '*' };

    expect(await problems(policy(denyHttp, createOnly, deny))).toMatchObject({
      status: 'warning',
      problems: ['drift: the bucket policy denies something more (statement "Extra")'],
    });
  });

  it.each(['not json', '{}', '{"Statement":[{"Effect":"Perhaps"}]}', '[]'])(
    'can not be understood: %s',
    async (value) => {
      expect(await find({ policy: { value } })).toMatchObject({
        status: 'unknown',
        evidence: { unread: expect.stringContaining('policy (not understood') },
      });
    },
  );
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
