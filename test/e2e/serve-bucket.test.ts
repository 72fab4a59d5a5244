import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { DirectoryLedger } from '../../lib/ledger/directory/directory-ledger.ts';
import { type FakeAws, startFakeAws } from '../support/fake-aws.ts';
import { batch, message } from '../support/messages.ts';
import { post } from '../support/post.ts';
import { refusedServe, type ServeProcess, startServe } from '../support/serve-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

let aws: FakeAws;
beforeEach(async () => {
  aws = await startFakeAws();
});
afterEach(async () => {
  await aws.close();
});

function startWithBucket(): Promise<ServeProcess> {
  return startServe({ args: ['--bucket', aws.s3.bucket], env: aws.env() });
}

/** Arguments for a spool that is archived soon. */
function quickly(): string[] {
  const config = join(temporaryDirectory(), 'cistern.json');
  writeFileSync(config, JSON.stringify({ archiver: { windowSeconds: 1 } }));
  return ['--config', config];
}

/** What the bucket holds under `logs/`, inflated. */
function logs(): Buffer[] {
  return [...aws.s3.objects].filter(([key]) => key.startsWith('logs/')).map(([, body]) => gunzipSync(body));
}

const hello = batch(message('hello'));

describe('with --bucket', () => {
  test('batches end in the bucket, and only the registry in the data directory', async () => {
    const serve = await startWithBucket();
    const setup = { secret: serve.secret, headers: { 'logplex-frame-id': 'b'.repeat(32) } };
    expect((await post(serve.url, hello, setup)).status).toBe(200);
    expect((await post(serve.url, hello, setup)).status).toBe(200);
    expect(logs()).toEqual([hello]);
    expect(await serve.counted('my-app', 2)).toMatchObject([{ batches: 1 }, { duplicates: 1 }]);
    expect(existsSync(join(serve.data, 'registry.json'))).toBe(true);
    expect(existsSync(join(serve.data, 'archive'))).toBe(false);
    expect(serve.lines().filter(({ level }) => level === 'warn')).toEqual([]);
    await serve.stop();
  });

  test('a failing bucket is tried again; what it does not take is spooled, and arrives when it does', async () => {
    const serve = await startServe({ args: ['--bucket', aws.s3.bucket, ...quickly()], env: aws.env() });
    aws.s3.next({ status: 500, code: 'InternalError' }, { loseResponse: true });
    expect((await post(serve.url, hello, { secret: serve.secret })).status).toBe(200);
    expect(logs()).toEqual([hello]);
    const later = batch(message('later'));
    aws.s3.always({ status: 403, code: 'AccessDenied' });
    expect((await post(serve.url, later, { secret: serve.secret })).status).toBe(200);
    const [first, second] = await serve.counted('my-app', 2);
    expect(first).not.toHaveProperty('spooled');
    expect(second).toMatchObject({ batches: 1, spooled: 1 });
    expect(logs()).toEqual([hello]);
    aws.s3.always(undefined);
    await expect.poll(logs, { timeout: 15_000 }).toHaveLength(2);
    expect(logs()).toContainEqual(later);
    await serve.stop();
  });

  test('the watch looks for its canary, and for silence, in the bucket', async () => {
    const config = join(temporaryDirectory(), 'cistern.json');
    writeFileSync(config, JSON.stringify({ apps: [{ name: 'my-app' }] }));
    const args = ['--bucket', aws.s3.bucket, '--watch', '0.005', '--config', config];
    const serve = await startServe({ args, env: aws.env() });
    expect((await post(serve.url, hello, { secret: serve.secret })).status).toBe(200);

    const incidents = new LedgerIncidents(new DirectoryLedger(join(serve.data, 'ledger')));
    const statusOf = async (subject: string) =>
      (await incidents.readState())?.state.subjects[subject]?.status;
    await expect.poll(() => statusOf('canary round-trip'), { timeout: 15_000 }).toBe('ok');
    await expect.poll(() => statusOf('freshness my-app'), { timeout: 15_000 }).toBe('ok');
    await serve.stop();
  });

  test('a store that ignores If-None-Match is warned of', async () => {
    aws.s3.ignoresIfNoneMatch = true;
    const serve = await startWithBucket();
    const warnings = serve.lines().filter(({ level }) => level === 'warn');
    expect(warnings).toMatchObject([
      { message: expect.stringContaining('If-None-Match'), bucket: aws.s3.bucket },
    ]);
    expect((await post(serve.url, hello, { secret: serve.secret })).status).toBe(200);
    expect(logs()).toEqual([hello]);
    await serve.stop();
  });
});

describe('a bucket that can’t be used is refused in one line, and no data directory made', () => {
  interface Unusable {
    readonly bucket?: string;
    readonly endpoint?: string;
    readonly fault?: { readonly status: number; readonly code: string };
  }

  test.each<[string, Unusable, RegExp]>([
    ['is not there', { bucket: 'no-such-bucket' }, /"no-such-bucket".*no such bucket/],
    [
      'is closed to these credentials',
      { fault: { status: 403, code: 'AccessDenied' } },
      /allow s3:ListBucket/,
    ],
    ['has no name', { bucket: '' }, /--bucket is empty/],
    ['has an endpoint that is no URL', { endpoint: 'minio' }, /https?:\/\//],
  ])('because it %s', async (_, { bucket = aws.s3.bucket, endpoint = aws.s3.url, fault }, line) => {
    aws.s3.always(fault);
    const data = join(temporaryDirectory(), 'data');
    const args = ['--port', '0', '--data', data, '--bucket', bucket];
    const { code, stdout, stderr } = await refusedServe(args, {
      ...aws.env(),
      AWS_ENDPOINT_URL_S3: endpoint,
    });
    expect(stderr).toMatch(line);
    expect(stderr).toMatch(/^cistern: [^\n]*\n$/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(existsSync(data)).toBe(false);
  });
});
