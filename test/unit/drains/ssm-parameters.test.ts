import type { SSMClient } from '@aws-sdk/client-ssm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSsmClient, ParameterError, SsmParameters } from '../../../lib/drains/aws/ssm-parameters.ts';
import { type FakeAws, startFakeAws } from '../../support/fake-aws.ts';

let aws: FakeAws;
let client: SSMClient;
let parameters: SsmParameters;

beforeEach(async () => {
  aws = await startFakeAws();
  client = createSsmClient(aws.ssmClientConfig());
  parameters = new SsmParameters(client, 'prod');
});
afterEach(async () => {
  client.destroy();
  await aws.close();
});

async function failureOf(attempt: Promise<unknown>): Promise<ParameterError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ParameterError) return error;
  throw new Error('did not fail with a ParameterError', { cause: error });
}

function store(name: string, value: string): void {
  aws.ssm.parameters.set(name, { value, type: 'SecureString' });
}

describe('what is stored', () => {
  it('is a SecureString of the stage, of the standard tier', async () => {
    await parameters.put('urls/shop', 'https://secret@example/');
    await parameters.create('drains/secrets/a', 'hash');

    const kind = { type: 'SecureString', tier: 'Standard', keyId: undefined };
    expect([...aws.ssm.parameters]).toEqual([
      ['/cistern/prod/urls/shop', { value: 'https://secret@example/', ...kind }],
      ['/cistern/prod/drains/secrets/a', { value: 'hash', ...kind }],
    ]);
  });

  it('is encrypted with the key that was given', async () => {
    const keyed = new SsmParameters(client, 'prod', 'alias/cistern');

    await keyed.put('urls/shop', 'x');
    await keyed.create('drains/secrets/a', 'x');

    expect([...aws.ssm.parameters.values()].map(({ keyId }) => keyId)).toEqual([
      'alias/cistern',
      'alias/cistern',
    ]);
  });

  it('belongs to its stage alone', async () => {
    store('/cistern/prod/drains/secrets/a', 'ours');
    store('/cistern/prod-2/drains/secrets/b', 'theirs');
    store('/cistern/test/drains/secrets/c', 'theirs');

    expect(await parameters.list('drains/')).toEqual([{ name: 'drains/secrets/a', value: 'ours' }]);
    expect(await parameters.list('')).toEqual([{ name: 'drains/secrets/a', value: 'ours' }]);
  });
});

describe('list', () => {
  const many = Array.from({ length: 25 }, (_, index) => `drains/secrets/${String.fromCharCode(97 + index)}`);

  beforeEach(() => {
    for (const name of many) store(`/cistern/prod/${name}`, name);
  });

  it('reads every page', async () => {
    const found = await parameters.list('drains/');

    expect(found).toEqual(many.map((name) => ({ name, value: name })));
    expect(aws.ssm.requests).toHaveLength(3);
  });

  it('fails as a whole when a later page can’t be had', async () => {
    aws.ssm.next({ delay: 0 }, { delay: 0 });
    aws.ssm.always({ status: 500, code: 'InternalServerError' });

    expect(await failureOf(parameters.list('drains/'))).toMatchObject({ code: 'unavailable' });
  });

  it('tries a page again that failed once', async () => {
    aws.ssm.next({ delay: 0 }, { status: 400, code: 'ThrottlingException' });

    expect(await parameters.list('drains/')).toHaveLength(25);
  });

  it('ends between pages or within one as soon as its signal says so', async () => {
    aws.ssm.next({ delay: 0 }, { hang: true });
    const giveUp = new AbortController();

    const listing = failureOf(parameters.list('drains/', giveUp.signal));
    await aws.ssm.arrived(2);
    giveUp.abort();

    expect(await listing).toMatchObject({ code: 'unavailable' });
  });
});

describe('an answer that is lost', () => {
  it('does not make a create look as if another had been there first', async () => {
    aws.ssm.next({ loseResponse: true });

    expect(await parameters.create('drains/secrets/a', 'ours')).toBe(true);
    expect(aws.ssm.parameters.get('/cistern/prod/drains/secrets/a')?.value).toBe('ours');
  });

  it('does not make another’s parameter look like ours', async () => {
    store('/cistern/prod/drains/secrets/a', 'theirs');
    aws.ssm.next({ reset: true });

    expect(await parameters.create('drains/secrets/a', 'ours')).toBe(false);
    expect(aws.ssm.parameters.get('/cistern/prod/drains/secrets/a')?.value).toBe('theirs');
  });

  it('does not make a delete look as if there had been nothing', async () => {
    store('/cistern/prod/drains/secrets/a', 'ours');
    aws.ssm.next({ loseResponse: true });

    expect(await parameters.delete('drains/secrets/a')).toBe(true);
  });
});

describe('a failure', () => {
  const operations: [string, string, () => Promise<unknown>][] = [
    ['list', 'GetParametersByPath', () => parameters.list('drains/')],
    ['get', 'GetParameter', () => parameters.get('drains/a')],
    ['put', 'PutParameter', () => parameters.put('drains/a', 'a value to keep quiet')],
    ['create', 'PutParameter', () => parameters.create('drains/a', 'a value to keep quiet')],
    ['delete', 'DeleteParameter', () => parameters.delete('drains/a')],
  ];

  it.each(operations)(
    'of %s names %s, the parameter and the permission, and no value',
    async (_, name, run) => {
      aws.ssm.next({ status: 400, code: 'AccessDeniedException' });

      const error = await failureOf(run());

      expect(error).toMatchObject({ code: 'refused', cause: { name: 'AccessDeniedException' } });
      expect(error.message).toMatch(new RegExp(`^${name} of /cistern/prod/drains`));
      expect(error.message).toContain(`allow ssm:${name}`);
      expect(error.message).not.toContain('quiet');
    },
  );

  it.each(operations)('of %s that may pass is told from a refusal', async (_, name, run) => {
    aws.ssm.always({ status: 503 });

    const error = await failureOf(run());

    expect(error.code).toBe('unavailable');
    expect(error.message).toContain(`${name} of /cistern/prod/drains`);
    expect(error.message).toContain('HTTP 503');
  });

  it.each([
    ['ExpiredTokenException', 'sign in again'],
    ['UnrecognizedClientException', 'check AWS_ACCESS_KEY_ID'],
    ['InvalidSignatureException', 'check AWS_SECRET_ACCESS_KEY'],
    ['ParameterLimitExceeded', 'delete some'],
  ])('%s says what to do', async (code, advice) => {
    aws.ssm.always({ status: 400, code });

    const error = await failureOf(parameters.get('drain_url'));

    expect(error.code).toBe('refused');
    expect(error.message).toContain(advice);
  });

  it('of a value over 4 KB says so', async () => {
    const error = await failureOf(parameters.put('drain_url', 'x'.repeat(4_097)));

    expect(error.code).toBe('refused');
    expect(error.message).toContain('4 KB');
  });

  it('names the address where nobody listens', async () => {
    await aws.ssm.close();

    const error = await failureOf(parameters.get('drain_url'));

    expect(error.code).toBe('unavailable');
    expect(error.message).toContain(`ECONNREFUSED ${new URL(aws.ssm.url).host}`);
  });
});
