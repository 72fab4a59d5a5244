import { describe, expect, it } from 'vitest';
import { bucket, createOnly, denyHttp, find, policy, problems } from '../../support/retention-bucket.ts';

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
