import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addSecret } from '../../lib/drains/admin.ts';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { DirectoryParameters } from '../../lib/drains/directory/directory-parameters.ts';
import { Child } from '../support/child-process.ts';
import { batch, message } from '../support/messages.ts';
import { oneConnection, type PostSetup, post } from '../support/post.ts';
import { basic } from '../support/receiver.ts';
import { type ServeProcess, startServe } from '../support/serve-process.ts';
import { storedBatches } from '../support/stored-batches.ts';

let serve: ServeProcess;
/** The one that the first start made: shared. */
let secret: string;
beforeAll(async () => {
  serve = await startServe();
  secret = serve.secret;
});
afterAll(async () => {
  await serve.stop();
  for (const given of [secret, serve.secret]) expect(serve.child.stdout).not.toContain(given);
  // The banner of the first start is all that ever said it.
  expect(serve.child.stderr.split('heroku drains:add')).toHaveLength(2);
});

const hello = batch(message('hello'));
const token = 'd.0b5ff6ad-0000-4000-8000-000000000001';

let sent = 0;

/** The status of a new batch sent to /app with one `Authorization`, or one secret. */
async function status(app: string, setup: PostSetup & { readonly authorization?: string }): Promise<number> {
  const { authorization, headers, ...rest } = setup;
  sent += 1;
  const body = batch(message(`batch ${sent}`));
  const all = { ...headers, ...(authorization === undefined ? {} : { authorization }) };
  return (await post(serve.url, body, { path: `/${app}`, headers: all, ...rest })).status;
}

/** What a command about drains prints on stdout. */
async function drain(...args: readonly string[]): Promise<string> {
  const child = new Child('cli/cistern.ts', ['drain', ...args, '--data', serve.data]);
  expect(await child.exited, child.stderr).toEqual({ code: 0, signal: null });
  return child.stdout.trim();
}

describe('credentials', () => {
  test.each([
    ['as the password beside a user name', () => basic('drain', secret)],
    ['as the password alone', () => basic('', secret)],
    ['as the user name, with an empty password', () => basic(secret, '')],
    ['as the user name, without a colon', () => `Basic ${Buffer.from(secret).toString('base64')}`],
    ['in a scheme of any case', () => basic('drain', secret).replace('Basic', 'bAsIc')],
  ])('are good %s', async (_, authorization) => {
    expect(await status('good', { authorization: authorization() })).toBe(200);
  });

  test.each([
    ['none', () => undefined],
    ['a wrong secret', () => basic('drain', 'wrong')],
    [
      'a secret URL-encoded: Logplex sends what the URL has, and so it is compared',
      () => basic('drain', `%${secret.charCodeAt(0).toString(16)}${secret.slice(1)}`),
    ],
    ['a secret cut short', () => basic('drain', secret.slice(0, -1))],
    ['a secret with a space behind it', () => basic('drain', `${secret} `)],
    ['the hash of the secret', () => basic('drain', hashSecret(secret).toString('hex'))],
    ['both fields empty', () => basic('', '')],
    ['no base64', () => 'Basic ===='],
    ['another scheme', () => `Bearer ${secret}`],
  ])('are no good: %s', async (_, authorization) => {
    const agent = oneConnection();
    const value = authorization();
    const headers = value === undefined ? {} : { authorization: value };
    const answer = await post(serve.url, hello, { path: '/refused', headers, agent });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="cistern"');
    expect(await status('good', { secret, agent }), 'the connection can be used on').toBe(200);
    expect(storedBatches(serve.data, 'refused')).toEqual([]);
    agent.destroy();
  });

  test('that are no good are refused before the body comes, however large, and counted', async () => {
    const agent = oneConnection();
    const body = Buffer.alloc(20 * 1024 * 1024);
    const headers = { 'logplex-drain-token': token };
    const answer = await post(serve.url, body, { path: '/refused', secret: 'large', headers, agent });
    expect(answer.status).toBe(401);
    expect(await status('good', { secret, agent })).toBe(200);
    const refused = await serve.counters((request) => request['refused-drain-unknown'] === 1);
    expect(refused.at(-1)).toMatchObject({ unauthorised: 1 });
    agent.destroy();
  });
});

describe('which app', () => {
  test('a bound secret writes the log of its app alone', async () => {
    const { password } = new URL(await drain('add', 'bound-app'));
    expect(await status('bound-app', { secret: password })).toBe(200);
    expect(await status('somebody-else', { secret: password })).toBe(200);
    expect(await status('', { secret: password })).toBe(200);
    const counted = await serve.counted('bound-app', 3);
    expect(counted.map(({ mismatched }) => mismatched)).toEqual([undefined, 1, undefined]);
    expect(new Set(counted.map((request) => request['secret']))).toEqual(
      new Set([expect.stringMatching(/^bound-app-/)]),
    );
    expect(storedBatches(serve.data, 'somebody-else')).toEqual([]);
  });

  test('a shared secret writes that of the path, or of the drain’s token', async () => {
    const headers = { 'logplex-drain-token': token };
    expect(await status('path-app', { secret })).toBe(200);
    expect(await status('No_App', { secret, headers })).toBe(200);
    await drain('map', token, 'mapped-app');
    // What serve knows of tokens is up to a minute old, and as new as the last login that it refused.
    expect(await status('path-app', { secret: 'wrong' })).toBe(401);
    expect(await status('another-path', { secret, headers })).toBe(200);
    expect(storedBatches(serve.data, 'another-path')).toEqual([]);
    for (const app of ['path-app', 'd-0b5ff6ad', 'mapped-app']) {
      expect(storedBatches(serve.data, app)).toHaveLength(1);
    }
  });
});

describe('rotation', () => {
  test('adds a secret that is good at once; the old one stays so until it is retired', async () => {
    const added = new URL(await drain('rotate', 'shared'));
    expect(await status('rotated', { secret: added.password })).toBe(200);
    expect(await status('rotated', { secret })).toBe(200);
    const old = (await serve.counted('rotated', 2))[1]?.['secret'];
    await drain('retire', String(old), '--yes');
    expect(await status('rotated', { secret: 'wrong' })).toBe(401);
    expect(await status('rotated', { secret })).toBe(401);
    expect(await status('rotated', { secret: added.password })).toBe(200);
    secret = added.password;
  });

  test('under a flood of bad logins refuses no good one', async () => {
    const parameters = new DirectoryParameters(serve.data);
    const good: number[] = [];
    const bad: number[] = [];
    const flood = Array.from({ length: 20 }, async () => {
      const agent = oneConnection();
      for (let i = 0; i < 25; i += 1) bad.push(await status('flood', { secret: `wrong${i}`, agent }));
      agent.destroy();
    });
    const sender = async () => {
      const agent = oneConnection();
      while (bad.length < 500) good.push(await status('known', { secret, agent }));
      agent.destroy();
    };
    const rotate = async () => {
      while (bad.length < 450) {
        const { url } = await addSecret(parameters, serve.url, undefined);
        good.push(await status('rotated', { secret: new URL(url).password }));
      }
    };
    await Promise.all([...flood, sender(), rotate()]);
    expect(bad).toEqual(Array.from({ length: 500 }, () => 401));
    expect(good.length).toBeGreaterThan(4);
    expect(new Set(good)).toEqual(new Set([200]));
  });
});

describe('a registry that can’t be read refuses nobody', () => {
  const registryFile = () => join(serve.data, 'registry.json');

  test.each([
    ['is damaged', () => writeFileSync(registryFile(), readFileSync(registryFile()).subarray(0, 99))],
    ['is gone, as when its disk is not mounted', () => renameSync(registryFile(), `${registryFile()}.gone`)],
  ])('because it %s', async (_, spoil) => {
    const before = readFileSync(registryFile());
    expect(await status('spoilt', { secret })).toBe(200);
    spoil();
    expect(await status('spoilt', { secret: 'unknown' })).toBe(503);
    expect(await status('spoilt', { secret })).toBe(200);
    const counted = await serve.counters((request) => request['registry-unavailable'] === 1);
    expect(counted.length).toBeGreaterThan(0);
    writeFileSync(registryFile(), before);
    expect(await status('spoilt', { secret: 'unknown' })).toBe(401);
  });
});
