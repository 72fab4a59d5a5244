import type { S3Client } from '@aws-sdk/client-s3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createS3Client } from '../../../lib/archive/store/aws/s3-store.ts';
import { S3Ledger } from '../../../lib/ledger/aws/s3-ledger.ts';
import { LedgerError } from '../../../lib/ledger/ledger.ts';
import { type FakeAws, startFakeAws } from '../../support/fake-aws.ts';

let aws: FakeAws;
let client: S3Client;
let ledger: S3Ledger;
const key = 'incidents/state.json';
const body = Buffer.from('{"new":1}');
const old = Buffer.from('{"old":1}');

beforeEach(async () => {
  aws = await startFakeAws();
  client = createS3Client(aws.s3ClientConfig());
  ledger = new S3Ledger(client, aws.s3.bucket);
});
afterEach(async () => {
  client.destroy();
  await aws.close();
});

/** Stores what is to be replaced; the version of it. */
async function storeOld(): Promise<string | undefined> {
  aws.s3.objects.set(key, old);
  return (await ledger.read(key))?.version;
}

async function failureOf(attempt: Promise<unknown>): Promise<LedgerError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof LedgerError) return error;
  throw new Error('did not fail with a LedgerError', { cause: error });
}

describe('a passing fault', () => {
  const faults = [
    { status: 500, code: 'InternalError' },
    { status: 503, code: 'SlowDown' },
    { status: 409, code: 'ConditionalRequestConflict' },
    { status: 502 },
    { reset: true },
  ] as const;

  it.each(faults)('is tried over when replacing: %j', async (fault) => {
    const version = await storeOld();
    aws.s3.next(fault);

    expect(await ledger.replace(key, body, version)).toBe('replaced');
    expect(aws.s3.objects.get(key)).toEqual(body);
  });

  it.each(faults)('is tried over when creating, listing and reading: %j', async (fault) => {
    aws.s3.next(fault);
    expect(await ledger.create(key, body)).toBe('created');
    aws.s3.next(fault);
    expect(await Array.fromAsync(ledger.list('incidents/'))).toEqual([key]);
    aws.s3.next(fault);
    expect((await ledger.read(key))?.body).toEqual(body);
  });

  it('that does not pass ends after a few attempts, as one worth a retry', async () => {
    aws.s3.always({ status: 503, code: 'SlowDown' });

    expect(await failureOf(ledger.read(key))).toMatchObject({ retry: true });
    expect(aws.s3.requests).toHaveLength(4);
  });

  it('of an answer that breaks off is not taken for the object', async () => {
    aws.s3.objects.set(key, body);
    aws.s3.next({ cutResponse: true });

    expect((await ledger.read(key))?.body).toEqual(body);
    expect(aws.s3.requests).toHaveLength(2);
  });
});

describe('a lost answer', () => {
  it('to a create is found to be stored', async () => {
    aws.s3.next({ loseResponse: true });

    expect(await ledger.create(key, body)).toBe('exists');
    expect(aws.s3.objects.get(key)).toEqual(body);
  });

  it('to a replace that was carried out is reported as neither', async () => {
    const version = await storeOld();
    aws.s3.next({ loseResponse: true });

    expect(await failureOf(ledger.replace(key, body, version))).toMatchObject({ retry: true });
    expect(aws.s3.objects.get(key)).toEqual(body);
  });

  it('to a replacing of nothing that was carried out is reported as neither', async () => {
    aws.s3.next({ loseResponse: true });

    expect(await failureOf(ledger.replace(key, body, undefined))).toMatchObject({ retry: true });
    expect(aws.s3.objects.get(key)).toEqual(body);
  });

  it('to a replace, after which another writer came, is reported as neither', async () => {
    const version = await storeOld();
    aws.s3.next({ hang: true });
    const replacing = failureOf(ledger.replace(key, body, version, AbortSignal.timeout(100)));
    await aws.s3.arrived(2);
    aws.s3.objects.set(key, Buffer.from('{"other":1}'));

    expect(await replacing).toMatchObject({ retry: true });
  });

  it('to nothing that was begun does not hide that it was changed', async () => {
    const version = await storeOld();
    aws.s3.objects.set(key, Buffer.from('{"other":1}'));
    aws.s3.next({ status: 409, code: 'ConditionalRequestConflict' });

    expect(await ledger.replace(key, body, version)).toBe('changed');
  });
});

describe('a fault that lasts', () => {
  it.each([
    [403, 'AccessDenied', 'allow s3:GetObject'],
    [404, 'NoSuchBucket', 'create it'],
    [400, 'ExpiredToken', 'sign in again'],
  ])('is told at once, with what to do: %i %s', async (status, code, advice) => {
    aws.s3.always({ status, code });

    const error = await failureOf(ledger.read(key));

    expect(error.retry).toBe(false);
    expect(error.message).toContain(advice);
    expect(error.message).toContain(aws.s3.bucket);
    expect(aws.s3.requests).toHaveLength(1);
  });

  it('is never a list that stops early', async () => {
    for (let n = 0; n < 1_200; n++) aws.s3.objects.set(`incidents/${n}.json`, body);
    const listing = ledger.list('incidents/');
    await listing.next();
    aws.s3.always({ status: 403, code: 'AccessDenied' });

    expect(await failureOf(Array.fromAsync(listing))).toMatchObject({ retry: false });
  });
});

it('ends a hanging request as soon as its signal says so', async () => {
  aws.s3.next({ hang: true });
  const giveUp = new AbortController();

  const reading = failureOf(ledger.read(key, giveUp.signal));
  await aws.s3.arrived(1);
  giveUp.abort();

  expect(await reading).toMatchObject({ retry: true });
  expect(aws.s3.requests).toHaveLength(1);
});

it('says of each object what it is', async () => {
  for (const name of ['a.json', 'a.md', 'a.txt']) await ledger.create(name, body);

  expect(aws.s3.requests.map(({ headers }) => headers['content-type'])).toEqual([
    'application/json',
    'text/markdown; charset=utf-8',
    'text/plain; charset=utf-8',
  ]);
});
