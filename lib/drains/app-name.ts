import type { DrainToken } from '../logplex/drain-token.ts';

/** The name of the Heroku app that a drain belongs to. Made only by the parsers of this file. */
export type AppName = string & { readonly __brand: 'AppName' };

const pattern = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/;
const reserved = /^(?:unknown|d-[0-9a-f]{8})$/;

/** Where batches go that name neither an app nor a drain token. */
export const unknownApp = 'unknown' as AppName;

/** Any name that the archive may hold, reserved ones included. */
export function parseAppName(text: string): AppName | undefined {
  return pattern.test(text) ? (text as AppName) : undefined;
}

/** A name that an operator or a sender may use: reserved ones are not theirs to give. */
export function parseUsableAppName(text: string): AppName | undefined {
  return reserved.test(text) ? undefined : parseAppName(text);
}

/** Where batches of an unmapped drain go: `d-<first 8 hex>` of its token. */
export function appOfUnmappedToken(token: DrainToken): AppName {
  return `d-${token.slice(2, 10)}` as AppName;
}
