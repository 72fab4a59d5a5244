import { describe, expect, it } from 'vitest';
import {
  addSecret,
  listDrains,
  mapToken,
  retireSecret,
  secretsOf,
  sharedUrlFor,
  storedUrl,
  unmapToken,
} from '../../../lib/drains/admin.ts';
import { type AppName, parseAppName } from '../../../lib/drains/app-name.ts';
import { findSecret, presentedSecrets } from '../../../lib/drains/credentials.ts';
import { secretOfUrl } from '../../../lib/drains/drain-url.ts';
import type { Parameter } from '../../../lib/drains/parameters.ts';
import { parseRegistry, secretIdPattern } from '../../../lib/drains/registry.ts';
import { type DrainToken, parseDrainToken } from '../../../lib/logplex/drain-token.ts';
import { MemoryParameters } from '../../support/memory-parameters.ts';

const receiver = new URL('https://logs.example.com');
const shop = parseAppName('shop') as AppName;
const other = parseAppName('other') as AppName;
const token = parseDrainToken('d.01234567-89ab-cdef-0123-456789abcdef') as DrainToken;

/** The secret that the receiver finds for what a sender with this URL presents. */
async function receive(parameters: MemoryParameters, url: string) {
  const userinfo = /\/\/(.*)@/.exec(url)?.[1] ?? '';
  const authorization = `Basic ${Buffer.from(userinfo).toString('base64')}`;
  const { secrets } = parseRegistry(await parameters.list('drains/'));
  return findSecret(secrets, presentedSecrets(authorization));
}

describe('addSecret', () => {
  it('makes a URL that the receiver accepts, bound to its app', async () => {
    const parameters = new MemoryParameters();

    const { id, url } = await addSecret(parameters, receiver, shop, {
      now: new Date('2026-11-03T23:59:59Z'),
    });

    expect(url).toMatch(/^https:\/\/drain:[A-Za-z0-9]{40}@logs\.example\.com\/shop$/);
    expect(id).toMatch(/^shop-20261103-[a-z0-9]{4}$/);
    expect(id).toMatch(secretIdPattern);
    expect(await receive(parameters, url)).toMatchObject({ id, app: 'shop' });
    expect(await storedUrl(parameters, receiver, shop)).toBe(url);
  });

  it('makes a shared one that is bound to no app and has no path', async () => {
    const parameters = new MemoryParameters();

    const { id, url } = await addSecret(parameters, receiver, undefined);

    expect(id).toMatch(/^shared-\d{8}-[a-z0-9]{4}$/);
    expect(url).toMatch(/@logs\.example\.com$/);
    expect((await receive(parameters, url))?.app).toBeUndefined();
    expect(await sharedUrlFor(parameters, receiver, shop)).toBe(`${url}/shop`);
  });

  it('keeps the secret nowhere but in the URL, and never the same twice', async () => {
    const parameters = new MemoryParameters();

    const urls = [await addSecret(parameters, receiver, shop), await addSecret(parameters, receiver, shop)];

    const secrets = urls.map(({ url }) => secretOfUrl(url) ?? '');
    expect(new Set(secrets).size).toBe(2);
    for (const { name, value } of await parameters.list('drains/')) {
      for (const secret of secrets) expect(`${name}${value}`).not.toContain(secret);
    }
  });

  it('leaves older secrets live', async () => {
    const parameters = new MemoryParameters();
    const first = await addSecret(parameters, receiver, shop);
    const second = await addSecret(parameters, receiver, shop);

    expect(await receive(parameters, first.url)).toMatchObject({ id: first.id });
    expect(await receive(parameters, second.url)).toMatchObject({ id: second.id });
    expect(await storedUrl(parameters, receiver, shop)).toBe(second.url);
    expect((await secretsOf(parameters, shop)).map(({ id }) => id)).toEqual([first.id, second.id]);
    expect(await secretsOf(parameters, other)).toEqual([]);
  });

  it('stores the URL only once the registry is seen to hold the secret', async () => {
    const steps: string[] = [];
    const parameters = new (class extends MemoryParameters {
      override async create(name: string, value: string): Promise<boolean> {
        steps.push(`create ${name.slice(0, 'drains/secrets/'.length)}`);
        return super.create(name, value);
      }
      override async list(prefix: string, signal?: AbortSignal): Promise<Parameter[]> {
        const found = await super.list(prefix, signal);
        // The first reading comes too early.
        steps.push(`list ${prefix}`);
        return this.lists === 1 ? [] : found;
      }
      override async put(name: string, value: string): Promise<void> {
        steps.push(`put ${name}`);
        return super.put(name, value);
      }
    })();

    await addSecret(parameters, receiver, shop);

    expect(steps).toEqual([
      'create drains/secrets/',
      'list drains/secrets/',
      'list drains/secrets/',
      'put urls/shop',
    ]);
  });

  it('stores no URL when the secret could not be stored', async () => {
    const parameters = new MemoryParameters();
    parameters.create = () => Promise.reject(new Error('denied'));

    await expect(addSecret(parameters, receiver, shop)).rejects.toThrow('denied');

    expect(parameters.values.size).toBe(0);
  });
});

describe('storedUrl', () => {
  it('follows the receiver to a new address', async () => {
    const parameters = new MemoryParameters();
    const { url } = await addSecret(parameters, new URL('http://127.0.0.1:8080'), shop);

    const moved = await storedUrl(parameters, new URL('http://127.0.0.1:9090'), shop);

    expect(moved).toBe(url.replace('8080', '9090'));
    expect(await storedUrl(parameters, undefined, shop)).toBe(url);
  });
});

describe('listDrains', () => {
  it('tells secrets, tokens and apps, which URL is given out, and what is invalid', async () => {
    const parameters = new MemoryParameters({ 'drains/listed/0': 'blog', 'drains/secrets/odd': 'no hash' });
    const old = await addSecret(parameters, receiver, shop);
    const current = await addSecret(parameters, receiver, shop);
    const shared = await addSecret(parameters, receiver, undefined);
    await mapToken(parameters, token, other);

    const drains = await listDrains(parameters);

    expect(drains.secrets).toEqual([
      { id: old.id, app: 'shop', current: false },
      { id: current.id, app: 'shop', current: true },
      { id: shared.id, current: true },
    ]);
    expect([...drains.tokens]).toEqual([[token, 'other']]);
    expect([...drains.listed].sort()).toEqual(['blog', 'other', 'shop']);
    expect(drains.invalid).toEqual(['drains/secrets/odd']);
  });
});

describe('retireSecret', () => {
  it('ends a secret and keeps the URL of a newer one', async () => {
    const parameters = new MemoryParameters();
    const old = await addSecret(parameters, receiver, shop);
    const current = await addSecret(parameters, receiver, shop);

    expect(await retireSecret(parameters, old.id)).toBe(true);

    expect(await receive(parameters, old.url)).toBeUndefined();
    expect(await receive(parameters, current.url)).toMatchObject({ id: current.id });
    expect(await storedUrl(parameters, receiver, shop)).toBe(current.url);
  });

  it.each([['a bound', shop] as const, ['the shared', undefined] as const])(
    'takes the URL of %s secret away with it, and no other',
    async (_, app) => {
      const parameters = new MemoryParameters();
      const kept = await addSecret(parameters, receiver, other);
      const { id } = await addSecret(parameters, receiver, app);

      await retireSecret(parameters, id);

      expect(await storedUrl(parameters, receiver, app)).toBeUndefined();
      expect(await storedUrl(parameters, receiver, other)).toBe(kept.url);
    },
  );

  it('deletes a secret whose value is invalid', async () => {
    const parameters = new MemoryParameters({ 'drains/secrets/odd': 'no hash', drain_url: 'https://host' });

    expect(await retireSecret(parameters, 'odd')).toBe(true);

    expect([...parameters.values.keys()]).toEqual(['drain_url']);
  });

  it('is false for a secret that is not there', async () => {
    expect(await retireSecret(new MemoryParameters(), 'shop-20261103-abcd')).toBe(false);
  });
});

describe('mapToken', () => {
  it('maps, says what it replaced, and unmaps', async () => {
    const parameters = new MemoryParameters();

    expect(await mapToken(parameters, token, shop)).toBeUndefined();
    expect(await mapToken(parameters, token, other)).toBe('shop');
    expect(parseRegistry(await parameters.list('drains/')).tokens.get(token)).toBe('other');
    expect(await unmapToken(parameters, token)).toBe(true);
    expect(await unmapToken(parameters, token)).toBe(false);
  });
});
