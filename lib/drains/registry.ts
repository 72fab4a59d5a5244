import { type DrainToken, parseDrainToken } from '../logplex/drain-token.ts';
import { type AppName, parseUsableAppName } from './app-name.ts';
import type { LiveSecret } from './credentials.ts';
import { type Parameter, parameterNames } from './parameters.ts';

/** Who may send, and which app they are: one whole reading of the parameters below `drains/`. */
export interface Registry {
  readonly secrets: readonly LiveSecret[];
  readonly tokens: ReadonlyMap<DrainToken, AppName>;
  /** Apps that an operator named: in the configuration, by a bound secret or by a mapped token. */
  readonly listed: ReadonlySet<AppName>;
  /** Names of parameters that hold no valid value. They count for nothing; the others do. */
  readonly invalid: readonly string[];
}

/** Reads a registry out of its parameters. One bad parameter never takes the others down. */
export function parseRegistry(parameters: readonly Parameter[]): Registry {
  const secrets: LiveSecret[] = [];
  const tokens = new Map<DrainToken, AppName>();
  const listed = new Set<AppName>();
  const invalid: string[] = [];
  for (const { name, value } of parameters) {
    if (name.startsWith(parameterNames.secrets)) {
      const secret = parseSecret(name.slice(parameterNames.secrets.length), value);
      if (secret === undefined) {
        invalid.push(name);
        continue;
      }
      secrets.push(secret);
      if (secret.app !== undefined) listed.add(secret.app);
    } else if (name.startsWith(parameterNames.tokens)) {
      const token = parseDrainToken(name.slice(parameterNames.tokens.length));
      const app = parseUsableAppName(value.trim());
      if (token === undefined || app === undefined) {
        invalid.push(name);
        continue;
      }
      tokens.set(token, app);
      listed.add(app);
    } else if (name.startsWith(parameterNames.listed)) {
      const apps = value.split(',').map((text) => parseUsableAppName(text.trim()));
      for (const app of apps) if (app !== undefined) listed.add(app);
      if (apps.includes(undefined)) invalid.push(name);
    }
  }
  return { secrets, tokens, listed, invalid };
}

/** The value of a secret's parameter: `<64 hex of SHA-256>`, and after a space the app it is bound to. */
export function formatSecret(secret: Omit<LiveSecret, 'id'>): string {
  const hash = secret.sha256.toString('hex');
  return secret.app === undefined ? hash : `${hash} ${secret.app}`;
}

export const secretIdPattern: RegExp = /^[a-z0-9][a-z0-9-]{0,62}$/;

function parseSecret(id: string, value: string): LiveSecret | undefined {
  const [hash = '', app, ...rest] = value.trim().split(' ');
  if (!secretIdPattern.test(id) || !/^[0-9a-f]{64}$/.test(hash) || rest.length > 0) return undefined;
  const sha256 = Buffer.from(hash, 'hex');
  if (app === undefined) return { id, sha256 };
  const bound = parseUsableAppName(app);
  return bound === undefined ? undefined : { id, sha256, app: bound };
}
