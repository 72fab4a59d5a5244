import type { DrainToken } from '../logplex/drain-token.ts';
import { type AppName, appOfUnmappedToken, parseUsableAppName, unknownApp } from './app-name.ts';
import type { LiveSecret } from './credentials.ts';
import type { Registry } from './registry.ts';
import { nameInPath } from './request-path.ts';

/** Which app a batch is stored under. */
export interface ResolvedApp {
  readonly app: AppName;
  /** Whether an operator ever named this app. */
  readonly listed: boolean;
  /** Whether the secret is bound to another app than the path names. */
  readonly mismatched: boolean;
  /** The path, where it is not simply the app's name. */
  readonly oddPath?: string;
}

/**
 * The app of a batch: the one its secret is bound to, else its token's, else its path's; else a reserved name
 * made from the token. So one app's drain can't write another's log, and a typo in a drain URL costs a
 * warning and never the batch.
 */
export function resolveApp(
  registry: Pick<Registry, 'tokens' | 'listed'>,
  secret: Pick<LiveSecret, 'app'>,
  token: DrainToken | undefined,
  path: string,
): ResolvedApp {
  const named = appOfPath(path);
  const mapped = token === undefined ? undefined : registry.tokens.get(token);
  const fallback = token === undefined ? unknownApp : appOfUnmappedToken(token);
  const app = secret.app ?? mapped ?? named ?? fallback;
  return {
    app,
    listed: registry.listed.has(app),
    mismatched: secret.app !== undefined && named !== secret.app && nameInPath(path) !== '',
    ...(named === app ? {} : { oddPath: path }),
  };
}

/** The app that a path names, `/<app>`. */
export function appOfPath(path: string): AppName | undefined {
  return parseUsableAppName(nameInPath(path) ?? '');
}
