import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { DirectoryStore } from '../../lib/archive/store/directory/directory-store.ts';
import { canaryApp } from '../../lib/drains/canary-app.ts';
import { DirectoryParameters } from '../../lib/drains/directory/directory-parameters.ts';
import { canaryCheck } from '../../lib/watch/checks/canary/canary.ts';
import { tracerUrl } from '../../lib/watch/checks/canary/tracer-url.ts';
import { type FakeAws, startFakeAws } from '../support/fake-aws.ts';
import { type Run, runCli } from '../support/run-cli.ts';
import { type ServeProcess, startServe } from '../support/serve-process.ts';
import { storedBatches } from '../support/stored-batches.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const summary = z.object({
  app: z.string(),
  ok: z.boolean(),
  steps: z.array(z.object({ step: z.string(), ok: z.boolean(), ms: z.number(), result: z.string() })),
  problem: z.string().optional(),
  remedy: z.string().optional(),
});

describe('a round trip through cistern serve', () => {
  let serve: ServeProcess;
  beforeAll(async () => {
    serve = await startServe();
  });
  afterAll(() => serve.kill());

  const smoke = (...args: string[]): Promise<Run> => runCli(['smoke', ...args]);

  it('smoke tells each step with its time, and stores one batch', async () => {
    const { code, stdout, stderr } = await smoke('shop', '--data', serve.data);

    const [stored, ...others] = storedBatches(serve.data, 'shop');
    expect({ code, stderr, others }).toEqual({ code: 0, stderr: '', others: [] });
    const steps = stdout.trimEnd().split('\n');
    expect(steps.map((line) => line.match(/^ok +(.*?) +[\d,]+ ms /)?.[1])).toEqual([
      'drain URL',
      'answer',
      'object',
      'read back',
    ]);
    expect(steps[2]).toContain(stored?.key);
    expect(stdout).not.toContain(serve.secret);
  });

  it('smoke --json is for scripts', async () => {
    const { code, stdout } = await smoke('billing', '--data', serve.data, '--json');

    const { app, ok, steps } = summary.parse(JSON.parse(stdout));
    expect({ code, app, ok }).toEqual({ code: 0, app: 'billing', ok: true });
    expect(steps.map(({ ok }) => ok)).toEqual([true, true, true, true]);
    expect(stdout).not.toContain(serve.secret);
  });

  it('the canary is ok, over the same parameters and archive', async () => {
    const parameters = new DirectoryParameters(serve.data);
    const archive = new DirectoryStore(join(serve.data, 'archive'));
    const check = canaryCheck({ drainUrl: () => tracerUrl(parameters, canaryApp), archive });

    const findings = await check.look({
      now: Date.now(),
      signal: new AbortController().signal,
      remembered: () => undefined,
      rememberedSubjects: () => [],
    });

    expect(findings).toMatchObject([{ status: 'ok' }]);
    expect(storedBatches(serve.data, canaryApp)).toHaveLength(1);
  });

  /** What the registry of the running server says, beside an archive that it does not write to. */
  async function elsewhere(): Promise<string> {
    const data = join(temporaryDirectory(), 'data');
    await mkdir(join(data, 'archive'), { recursive: true, mode: 0o700 });
    await cp(join(serve.data, 'registry.json'), join(data, 'registry.json'));
    return data;
  }

  it('smoke fails when what was acknowledged is not in this archive', async () => {
    const { code, stdout, stderr } = await smoke('lost-app', '--data', await elsewhere(), '--within', '1');

    expect(code).toBe(1);
    expect(stdout).toMatch(/^FAILED {2}object/m);
    expect(stderr).toMatch(/^cistern: the batch was acknowledged, but is not in the archive of lost-app/);
  });

  it('smoke fails when its secret is refused, and says what to do', async () => {
    const data = await elsewhere();
    const registry = await readFile(join(data, 'registry.json'), 'utf8');
    await writeFile(join(data, 'registry.json'), registry.replaceAll(serve.secret, 'aSecretThatIsNotLive'));

    const { code, stdout, stderr } = await smoke('shop', '--data', data, '--json');

    expect(code).toBe(1);
    expect(summary.parse(JSON.parse(stdout))).toMatchObject({
      ok: false,
      steps: [{ ok: true }, { ok: false, result: '401' }],
      problem: 'was answered 401',
    });
    expect(stderr).toContain('cistern drain');
    expect(`${stdout}${stderr}`).not.toContain('aSecretThatIsNotLive');
  });
});

describe('a round trip of a stage', () => {
  let aws: FakeAws;
  let serve: ServeProcess;
  beforeAll(async () => {
    aws = await startFakeAws();
    serve = await startServe({ args: ['--bucket', aws.s3.bucket], env: aws.env() });
    const value = `http://drain:${serve.secret}@${serve.url.host}`;
    const parameters = { receiver_url: serve.url.origin, archive_bucket: aws.s3.bucket, drain_url: value };
    for (const [name, value] of Object.entries(parameters)) {
      aws.ssm.parameters.set(`/cistern/test/${name}`, { value, type: 'SecureString' });
    }
  });
  afterAll(async () => {
    await serve.kill();
    await aws.close();
  });

  it('finds its batch in the bucket, in a few requests', async () => {
    const before = aws.s3.requests.length;

    const { code, stdout } = await runCli(['smoke', 'shop', '--stage', 'test'], { env: aws.env() });

    expect(code).toBe(0);
    const [key] = [...aws.s3.objects.keys()].filter((key) => key.startsWith('logs/shop/'));
    expect(stdout).toContain(key);
    // One to store, one to list, one to read.
    expect(aws.s3.requests.length - before).toBe(3);
  });

  it('says so when the bucket can not be listed', async () => {
    aws.s3.always({ on: 'ListObjectsV2', status: 403, code: 'AccessDenied' });

    const { code, stderr } = await runCli(['smoke', 'shop', '--stage', 'test'], { env: aws.env() });
    aws.s3.always(undefined);

    expect(code).toBe(2);
    expect(stderr).toContain('s3:ListBucket');
  });
});

describe('smoke without a receiver', () => {
  it('fails when there is no drain URL', async () => {
    const { code, stderr } = await runCli(['smoke', 'shop', '--data', temporaryDirectory()]);

    expect(code).toBe(1);
    expect(stderr).toContain('cistern drain add shop');
  });

  it('fails when the receiver has stopped', async () => {
    const serve = await startServe();
    await serve.stop();

    const { code, stderr } = await runCli(['smoke', 'shop', '--data', serve.data]);

    expect(code).toBe(1);
    expect(stderr).toContain('did not reach the receiver: connection refused');
  });

  it.each([
    [['smoke', 'Not An App', '--data', '.']],
    [['smoke', 'shop', '--within', 'soon']],
    [['smoke', 'shop', '--data', '/no/such/directory']],
  ])('refuses bad input: %j', async (args) => {
    const { code, stdout, stderr } = await runCli(args);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^cistern: .+\n$/);
  });
});
