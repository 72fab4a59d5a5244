import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { secretOfUrl } from '../../lib/drains/drain-url.ts';
import { type FakeAws, startFakeAws } from '../support/fake-aws.ts';
import { type Run, type RunOptions, runCli } from '../support/run-cli.ts';

const token = 'd.01234567-89ab-cdef-0123-456789abcdef';

describe('cistern drain', () => {
  let data: string;
  const drain = (args: readonly string[], options?: RunOptions): Promise<Run> =>
    runCli(['drain', ...args, '--data', data], options);
  const registry = async (): Promise<Record<string, string>> =>
    JSON.parse(await readFile(join(data, 'registry.json'), 'utf8'));
  const secretIds = async (): Promise<string[]> =>
    Object.keys(await registry()).flatMap((name) => /^drains\/secrets\/(.*)/.exec(name)?.[1] ?? []);

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'cistern-cli-'));
    await writeFile(join(data, 'registry.json'), '{"receiver_url":"https://logs.example.com"}');
  });
  afterEach(() => rm(data, { recursive: true }));

  it('adds a drain: its URL on stdout, what to do with it on stderr', async () => {
    const { code, stdout, stderr } = await drain(['add', 'my-app']);

    expect(code).toBe(0);
    expect(stdout).toMatch(/^https:\/\/drain:[A-Za-z0-9]{40}@logs\.example\.com\/my-app\n$/);
    expect(stderr).toContain(`heroku drains:add '${stdout.trim()}' --app my-app`);
    expect(stderr).not.toContain('warning');
    expect((await drain(['url', 'my-app'])).stdout).toBe(stdout);
    const url = { app: 'my-app', url: stdout.trim() };
    expect(JSON.parse((await drain(['url', 'my-app', '--json'])).stdout)).toEqual(url);
  });

  it('warns that Heroku does not reach this machine', async () => {
    await writeFile(join(data, 'registry.json'), '{"receiver_url":"http://127.0.0.1:8080"}');

    const { code, stderr } = await drain(['add', 'my-app']);

    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: Heroku can't reach 127\.0\.0\.1:8080/m);
  });

  it('refuses a second secret by add, and says that rotate makes one', async () => {
    await drain(['add', 'my-app']);
    const before = await registry();

    const { code, stdout, stderr } = await drain(['add', 'my-app']);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('cistern drain rotate my-app');
    expect(await registry()).toEqual(before);
  });

  it('gives out the shared URL for an app that has none of its own', async () => {
    const shared = (await drain(['add', 'shared'])).stdout.trim();

    expect((await drain(['url'])).stdout.trim()).toBe(shared);
    expect((await drain(['url', 'my-app'])).stdout.trim()).toBe(`${shared}/my-app`);
  });

  it('rotates: a new URL, the old secret live until it is retired', async () => {
    const first = (await drain(['add', 'my-app'])).stdout.trim();
    const [old = ''] = await secretIds();

    const rotated = await drain(['rotate', 'my-app']);

    expect(rotated.code).toBe(0);
    expect(rotated.stderr).toContain(`heroku drains:add '${rotated.stdout.trim()}' --app my-app`);
    expect(rotated.stderr).toContain(`heroku drains:remove '${first}' --app my-app`);
    expect(rotated.stderr).toContain(`cistern drain retire ${old}`);
    expect(await secretIds()).toHaveLength(2);

    const retired = await drain(['retire', old, '--yes']);

    expect(retired).toMatchObject({ code: 0, stdout: '' });
    expect(await secretIds()).toHaveLength(1);
    expect((await drain(['url', 'my-app'])).stdout).toBe(rotated.stdout);
  });

  it('does not retire where nobody can be asked, unless told so', async () => {
    await drain(['add', 'my-app']);
    const [id = ''] = await secretIds();

    const { code, stderr } = await drain(['retire', id], { input: 'y\n' });

    expect(code).toBe(2);
    expect(stderr).toContain('--yes');
    expect(await secretIds()).toEqual([id]);
  });

  it('maps and unmaps a drain token', async () => {
    expect(await drain(['map', token, 'my-app'])).toMatchObject({ code: 0, stdout: '' });
    expect((await registry())[`drains/tokens/${token}`]).toBe('my-app');
    expect((await drain(['map', token, 'other'])).stderr).toContain('no longer to my-app');

    expect(await drain(['unmap', token])).toMatchObject({ code: 0 });
    expect(await drain(['unmap', token])).toMatchObject({ code: 2 });
  });

  it('lists everything but secrets, and names what is invalid', async () => {
    const url = (await drain(['add', 'my-app'])).stdout;
    await drain(['map', token, 'other']);
    const content: Record<string, string> = { ...(await registry()), 'drains/secrets/odd': 'no hash' };
    await writeFile(join(data, 'registry.json'), JSON.stringify(content));
    const [id = ''] = await secretIds();

    const table = await drain(['list']);
    const json = await drain(['list', '--json']);

    expect(table.stdout).toMatch(new RegExp(`^${id} +my-app +current$`, 'm'));
    expect(table.stdout).toMatch(new RegExp(`^${token} +other$`, 'm'));
    expect(table.stderr).toContain('drains/secrets/odd');
    expect(JSON.parse(json.stdout)).toEqual({
      secrets: [{ id, app: 'my-app', current: true }],
      tokens: { [token]: 'other' },
      apps: ['my-app', 'other'],
      invalid: ['drains/secrets/odd'],
    });
    const hash = content[`drains/secrets/${id}`]?.slice(0, 64) ?? '';
    for (const text of [table.stdout, table.stderr, json.stdout]) {
      expect(text).not.toContain(secretOfUrl(url));
      expect(text).not.toContain(hash);
      expect(text).not.toContain('\x1b');
    }
  });

  it('colours only what a person looks at', async () => {
    await drain(['add', 'my-app']);

    expect((await drain(['list'], { env: { FORCE_COLOR: '1' } })).stdout).toContain('\x1b[1mSECRET');
    expect((await drain(['list'])).stdout).not.toContain('\x1b');
  });

  it('prints JSON where it makes something', async () => {
    const added = JSON.parse((await drain(['add', 'my-app', '--json'])).stdout);
    const rotated = JSON.parse((await drain(['rotate', 'my-app', '--json'])).stdout);

    expect(added).toMatchObject({ app: 'my-app', url: expect.stringContaining('/my-app') });
    expect(rotated).toMatchObject({ app: 'my-app', older: [added.id] });
  });

  it.each([
    [['add'], "missing required argument 'app'"],
    [['add', 'My_App'], "'My_App' is no Heroku app name"],
    [['add', 'unknown'], "'unknown' is reserved"],
    [['add', 'my-app', 'more'], 'too many arguments'],
    [['add', 'my-app', '--jsn'], '(did you mean --json?)'],
    [['rotate', 'my-app'], 'cistern drain add my-app'],
    [['url', 'my-app'], 'cistern drain add my-app'],
    [['retire', 'shop-20261103-abcd', '--yes'], "no secret 'shop-20261103-abcd'"],
    [['map', 'd.nothing', 'my-app'], "'d.nothing' is no drain token"],
    [['lst'], "unknown command 'lst' (did you mean list?)"],
    [['list', '--stage', 'prod'], "cannot be used with option '--data <dir>'"],
  ])('says in one line what is wrong with %j, and changes nothing', async (args, expected) => {
    const before = await registry();

    const { code, stdout, stderr } = await drain(args);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^cistern: [^\n]+\n$/);
    expect(stderr).toContain(expected);
    expect(await registry()).toEqual(before);
  });

  it('says that a receiver must run first', async () => {
    await writeFile(join(data, 'registry.json'), '{}');

    const { code, stderr } = await drain(['add', 'my-app']);

    expect(code).toBe(2);
    expect(stderr).toContain('cistern serve --data');
    expect(await registry()).toEqual({});
  });

  it('names a receiver address that it can not use', async () => {
    await writeFile(join(data, 'registry.json'), '{"receiver_url":"https://logs.example.com/path"}');

    expect(await drain(['add', 'my-app'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'https://logs.example.com/path'"),
    });
  });

  it('names a damaged registry, and leaves it as it is', async () => {
    await writeFile(join(data, 'registry.json'), '{"receiver_url":');

    const { code, stderr } = await drain(['map', token, 'my-app']);

    expect(code).toBe(2);
    expect(stderr).toMatch(/^cistern: .*registry\.json is damaged[^\n]*\n$/);
    expect(await readFile(join(data, 'registry.json'), 'utf8')).toBe('{"receiver_url":');
  });

  it('asks for a data directory that is there', async () => {
    const { code, stderr } = await runCli(['drain', 'list'], { env: { CISTERN_DATA: join(data, 'none') } });

    expect(code).toBe(2);
    expect(stderr).toContain('cistern serve');
  });
});

describe('cistern drain --stage', () => {
  let aws: FakeAws;
  const drain = (...args: readonly string[]): Promise<Run> =>
    runCli(['drain', ...args, '--stage', 'prod'], { env: aws.env() });
  const names = (): string[] => [...aws.ssm.parameters.keys()];

  beforeEach(async () => {
    aws = await startFakeAws();
    aws.ssm.parameters.set('/cistern/prod/receiver_url', {
      value: 'https://logs.example.com/',
      type: 'String',
    });
  });
  afterEach(() => aws.close());

  it('does the same with a deployed stage, and keeps it encrypted', async () => {
    const added = await drain('add', 'my-app');
    const id = /secrets\/(.*)/.exec(names().find((name) => name.includes('/secrets/')) ?? '')?.[1] ?? '';

    expect(added).toMatchObject({ code: 0, stdout: expect.stringContaining('@logs.example.com/my-app') });
    expect((await drain('url', 'my-app')).stdout).toBe(added.stdout);
    expect((await drain('list')).stdout).toContain(`${id}  my-app  current`);
    const made = [...aws.ssm.parameters].filter(([name]) => !name.endsWith('receiver_url'));
    expect(made.map(([name, { type }]) => [name, type]).toSorted()).toEqual([
      [`/cistern/prod/drains/secrets/${id}`, 'SecureString'],
      ['/cistern/prod/urls/my-app', 'SecureString'],
    ]);

    expect(await drain('retire', id, '--yes')).toMatchObject({ code: 0 });
    expect(names()).toEqual(['/cistern/prod/receiver_url']);
  });

  it('says that the stage must be deployed first', async () => {
    aws.ssm.parameters.clear();

    const { code, stderr } = await drain('add', 'my-app');

    expect(code).toBe(2);
    expect(stderr).toMatch(/^cistern: no receiver has run in stage prod yet: deploy it [^\n]+\n$/);
  });

  it('says in one line what AWS wants', async () => {
    const { AWS_REGION: _, ...env } = aws.env();

    const { code, stderr } = await runCli(['drain', 'list', '--stage', 'prod'], { env });

    expect(code).toBe(2);
    expect(stderr).toMatch(/^cistern: [^\n]*set AWS_REGION\n$/);
  });

  it('takes no name that can not be a stage', async () => {
    expect(await runCli(['drain', 'list', '--stage', 'a/b'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'a/b' can't be a stage"),
    });
  });
});

describe('cistern', () => {
  it.each([
    [[], 2],
    [['drain'], 2],
    [['--help'], 0],
    [['help', 'drain'], 0],
    [['drain', 'add', '--help'], 0],
    [['send', '--help'], 0],
  ])('teaches by examples: %j', async (args, expected) => {
    const { code, stdout, stderr } = await runCli(args);

    expect(code).toBe(expected);
    expect(expected === 0 ? stdout : stderr).toMatch(/^Usage: cistern[\s\S]*\nExamples:\n {2}\S/);
  });

  it('says which version it is', async () => {
    expect((await runCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it('suggests the command that was meant', async () => {
    expect(await runCli(['drian'])).toMatchObject({
      code: 2,
      stderr: "cistern: unknown command 'drian' (did you mean drain?)\n",
    });
  });

  it('shows the stack only when asked', async () => {
    const env = { CISTERN_DEBUG: '1' };

    expect((await runCli(['drain', 'add', 'X'], { env })).stderr).toMatch(/\n {4}at /);
    expect((await runCli(['drain', 'add', 'X'])).stderr).not.toMatch(/\n {4}at /);
  });
});
