import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { DrainToken } from '../logplex/drain-token.ts';
import type { AppName } from './app-name.ts';
import { hashSecret, type LiveSecret } from './credentials.ts';
import { drainUrl, secretOfUrl } from './drain-url.ts';
import { type ParameterStore, parameterNames } from './parameters.ts';
import { formatSecret, parseRegistry, type Registry } from './registry.ts';

/** The operator's side of the registry. Nothing here keeps, prints or logs a secret but inside a drain URL. */

export interface AddedSecret {
  readonly id: string;
  /** The app it is bound to. Without it, the secret is shared. */
  readonly app?: AppName;
  /** The whole drain URL, with the secret. */
  readonly url: string;
}

/**
 * Makes a secret, bound to `app` or shared, and the drain URL with it. Secrets that are live stay so.
 *
 * The URL is stored, and returned, only once a receiver that reads the registry finds the secret, and after
 * `settleMs`, in which one may still refuse by what it read before: a URL that anybody has seen works.
 */
export async function addSecret(
  parameters: ParameterStore,
  receiver: URL,
  app: AppName | undefined,
  { now = new Date(), settleMs = 0 }: { readonly now?: Date; readonly settleMs?: number } = {},
): Promise<AddedSecret> {
  const secret = randomText(alphanumeric, secretLength);
  const value = formatSecret({ sha256: hashSecret(secret), ...(app === undefined ? {} : { app }) });
  const id = await createSecret(parameters, `${app ?? 'shared'}-${compactDay(now)}`, value);
  await untilReadable(parameters, id);
  await delay(settleMs);
  const url = drainUrl(receiver, secret, app);
  await parameters.put(urlName(app), url);
  return { id, url, ...(app === undefined ? {} : { app }) };
}

export interface Drains extends Omit<Registry, 'secrets'> {
  readonly secrets: readonly DrainSecret[];
}

export interface DrainSecret {
  readonly id: string;
  readonly app?: AppName;
  /** Whether `drain url` gives out a URL with this very secret. */
  readonly current: boolean;
}

/** Everything that the registry holds, without the hashes. */
export async function listDrains(parameters: ParameterStore): Promise<Drains> {
  const registry = parseRegistry(await parameters.list(parameterNames.drains));
  const urls = [...(await parameters.list(parameterNames.urls)).map(({ value }) => value)];
  const shared = await parameters.get(parameterNames.sharedUrl);
  if (shared !== undefined) urls.push(shared);
  const current = new Set(urls.map(hashOfUrl));
  const secrets = registry.secrets.map(({ id, app, sha256 }) => ({
    id,
    ...(app === undefined ? {} : { app }),
    current: current.has(sha256.toString('hex')),
  }));
  return { ...registry, secrets };
}

/** The live secrets bound to `app`; without an app, the shared ones. */
export async function secretsOf(
  parameters: ParameterStore,
  app: AppName | undefined,
): Promise<readonly LiveSecret[]> {
  const { secrets } = parseRegistry(await parameters.list(parameterNames.secrets));
  return secrets.filter((secret) => secret.app === app);
}

/**
 * The drain URL stored for `app`, or without an app the shared one, at the receiver's address of today.
 * Undefined when none is stored.
 */
export async function storedUrl(
  parameters: ParameterStore,
  receiver: URL | undefined,
  app: AppName | undefined,
): Promise<string | undefined> {
  const stored = await parameters.get(urlName(app));
  const secret = stored === undefined ? undefined : secretOfUrl(stored);
  return receiver === undefined || secret === undefined ? stored : drainUrl(receiver, secret, app);
}

/** The shared URL with the app's name in its path; undefined when there is no shared URL. */
export async function sharedUrlFor(
  parameters: ParameterStore,
  receiver: URL | undefined,
  app: AppName,
): Promise<string | undefined> {
  const shared = await storedUrl(parameters, receiver, undefined);
  return shared === undefined ? undefined : `${shared.replace(/\/$/, '')}/${app}`;
}

/**
 * Retires a secret: from the receivers' next reading on, nothing can be sent with it. Its URL, where it is
 * still stored, goes first, so that no dead URL is given out. False when there is no such secret.
 */
export async function retireSecret(parameters: ParameterStore, id: string): Promise<boolean> {
  const name = `${parameterNames.secrets}${id}`;
  const value = await parameters.get(name);
  if (value === undefined) return false;
  const urls = await parameters.list(parameterNames.urls);
  const shared = await parameters.get(parameterNames.sharedUrl);
  if (shared !== undefined) urls.push({ name: parameterNames.sharedUrl, value: shared });
  for (const url of urls) {
    if (value.startsWith(hashOfUrl(url.value) ?? 'none')) await parameters.delete(url.name);
  }
  return parameters.delete(name);
}

/** Says which app a drain belongs to; returns the app it belonged to before. */
export async function mapToken(
  parameters: ParameterStore,
  token: DrainToken,
  app: AppName,
): Promise<string | undefined> {
  const name = `${parameterNames.tokens}${token}`;
  const before = await parameters.get(name);
  if (before !== app) await parameters.put(name, app);
  return before;
}

/** False when the drain was not mapped. */
export async function unmapToken(parameters: ParameterStore, token: DrainToken): Promise<boolean> {
  return parameters.delete(`${parameterNames.tokens}${token}`);
}

const lowerCase = 'abcdefghijklmnopqrstuvwxyz';
const digits = '0123456789';
/** All that a secret may hold: no character of it is ever URL-encoded. */
const alphanumeric = `${lowerCase.toUpperCase()}${lowerCase}${digits}`;
/** 238 bits. */
const secretLength = 40;

/** `randomInt` draws again rather than favour the first characters. */
function randomText(alphabet: string, length: number): string {
  return Array.from({ length }, () => alphabet.charAt(randomInt(alphabet.length))).join('');
}

async function createSecret(parameters: ParameterStore, stem: string, value: string): Promise<string> {
  for (;;) {
    const id = `${stem}-${randomText(`${lowerCase}${digits}`, 4)}`;
    if (await parameters.create(`${parameterNames.secrets}${id}`, value)) return id;
  }
}

/** Reads as a receiver does: SSM promises nothing about when a parameter just written is seen. */
async function untilReadable(parameters: ParameterStore, id: string): Promise<void> {
  for (const waitMs of [100, 300, 1000, 3000, 0]) {
    const { secrets } = parseRegistry(await parameters.list(parameterNames.secrets));
    if (secrets.some((secret) => secret.id === id)) return;
    await delay(waitMs);
  }
  throw new Error(`secret ${id} was stored but can't be read back; retire it and add another`);
}

function hashOfUrl(url: string): string | undefined {
  const secret = secretOfUrl(url);
  return secret === undefined ? undefined : hashSecret(secret).toString('hex');
}

function urlName(app: AppName | undefined): string {
  return app === undefined ? parameterNames.sharedUrl : `${parameterNames.urls}${app}`;
}

function compactDay(now: Date): string {
  return now.toISOString().slice(0, 10).replaceAll('-', '');
}
