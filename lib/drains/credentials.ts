import { hash, timingSafeEqual } from 'node:crypto';
import type { AppName } from './app-name.ts';

/** One live secret, as its hash: the secret itself is kept only in the drain URL. */
export interface LiveSecret {
  readonly id: string;
  readonly sha256: Buffer;
  /** The one app that may be written with it. Without it, the secret is shared. */
  readonly app?: AppName;
}

const secretPattern = /^[A-Za-z0-9]+$/;

export function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}

/**
 * The hashes of the secrets that an `Authorization: Basic` header presents. A lone secret can arrive as user
 * name or as password, so both fields count. Empty when the header holds none.
 */
export function presentedSecrets(authorization: string | undefined): Buffer[] {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return [];
  const pair = Buffer.from(encoded, 'base64').toString('latin1');
  const colon = pair.indexOf(':');
  const fields = colon === -1 ? [pair] : [pair.slice(0, colon), pair.slice(colon + 1)];
  return fields.filter((field) => secretPattern.test(field)).map(hashSecret);
}

/** The live secret among the presented ones. Compares every pair, in constant time, whatever matches. */
export function findSecret(
  live: readonly LiveSecret[],
  presented: readonly Uint8Array[],
): LiveSecret | undefined {
  let found: LiveSecret | undefined;
  for (const hash of presented) {
    for (const secret of live) {
      if (timingSafeEqual(secret.sha256, hash)) found ??= secret;
    }
  }
  return found;
}
