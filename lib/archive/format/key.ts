import { type AppName, parseAppName } from '../../drains/app-name.ts';

/** The key of an object: `logs/<app>/<YYYY>/<MM>/<DD>/<epoch_ms>-<uuid>.gz`, all UTC. */
export type ObjectKey = string & { readonly __brand: 'ObjectKey' };

export interface KeyParts {
  readonly app: AppName;
  /** Milliseconds since 1970: the epoch of the first member. */
  readonly epochMs: number;
  readonly uuid: string;
}

export const logsPrefix = 'logs/';

export function objectKey({ app, epochMs, uuid }: KeyParts): ObjectKey {
  return `${dayPrefix(app, epochMs)}${formatEpoch(epochMs)}-${uuid}.gz` as ObjectKey;
}

/** `logs/<app>/`: what every key of an app begins with. */
export function appPrefix(app: AppName): string {
  return `${logsPrefix}${app}/`;
}

/** The least string that sorts before every key of `app` from `epochMs` on. Keys sort across midnight. */
export function keysFrom(app: AppName, epochMs: number): string {
  return `${dayPrefix(app, epochMs)}${formatEpoch(epochMs)}`;
}

function dayPrefix(app: AppName, epochMs: number): string {
  return `${appPrefix(app)}${datePath(epochMs)}/`;
}

const dayMs = 24 * 60 * 60 * 1000;
/** The last one asked for: nearly every batch is of the same day as the one before. */
let known = { day: Number.NaN, path: '' };

/** `<YYYY>/<MM>/<DD>`. */
function datePath(epochMs: number): string {
  const day = Math.floor(epochMs / dayMs);
  if (day !== known.day) {
    known = { day, path: new Date(epochMs).toISOString().slice(0, 10).replaceAll('-', '/') };
  }
  return known.path;
}

function formatEpoch(epochMs: number): string {
  return String(Math.max(0, Math.trunc(epochMs))).padStart(13, '0');
}

const pattern =
  /^logs\/([^/]+)\/(\d{4}\/\d{2}\/\d{2})\/(\d{13})-([0-9a-f]{8}-[0-9a-f]{4}-8[0-8][0-9a-f]{2}-[89ab][0-9a-f]{3}-[0-9a-f]{12})\.gz$/;

/** Undefined when the text is no key of this archive: a foreign object, or a date that is not its instant's. */
export function parseKey(text: string): KeyParts | undefined {
  const [, name = '', , epoch = '', uuid = ''] = pattern.exec(text) ?? [];
  const app = parseAppName(name);
  if (app === undefined) return undefined;
  const parts = { app, epochMs: Number(epoch), uuid };
  return objectKey(parts) === text ? parts : undefined;
}
