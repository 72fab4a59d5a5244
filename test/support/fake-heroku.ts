import { randomUUID } from 'node:crypto';
import { type FakeAnswer, type FakeRequest, type FakeService, startFakeService } from './fake-service.ts';

export type HerokuOperation = 'AppInfo' | 'LogDrainList' | 'SpaceLogDrainInfo';

/**
 * Heroku's Platform API as far as Cistern reads it, by its reference: versioned Accept header, bearer token, ranges
 * over lists by id, error bodies with an id, and the number of requests that are left.
 */
export interface FakeHeroku extends FakeService<HerokuOperation> {
  readonly token: string;
  addApp(
    name: string,
    options?: { readonly space?: string; readonly shield?: boolean | null; readonly forbidden?: boolean },
  ): void;
  removeApp(name: string): void;
  /** Returns the drain's token. */
  addDrain(app: string, url: string, options?: { readonly addon?: string }): string;
  removeDrains(app: string): void;
  setSpaceDrain(space: string, url: string): void;
  readonly forbiddenSpaces: Set<string>;
  /** Largest page, whatever is asked for. */
  pageSize: number;
}

interface StoredDrain {
  readonly id: string;
  readonly url: string;
  readonly token: string;
  readonly addon: { readonly id: string; readonly name: string } | null;
  readonly created_at: string;
  readonly updated_at: string;
}

const contentType = { 'content-type': 'application/json' };

export async function startFakeHeroku(): Promise<FakeHeroku> {
  const token = 'HRKU-AAfake-token';
  const apps = new Map<
    string,
    { space: string | undefined; shield: boolean | null; forbidden: boolean; drains: StoredDrain[] }
  >();
  const spaceDrains = new Map<string, StoredDrain>();
  const forbiddenSpaces = new Set<string>();
  const settings = { pageSize: 1000 };
  let left = 4500;

  function perform({ operation, key, headers }: FakeRequest<HerokuOperation>): FakeAnswer {
    left -= 1;
    const accept = headers.accept ?? '';
    if (!/^application\/vnd\.heroku\+json; version=3(?:\.\w+)?$/.test(accept)) {
      return error(406, 'not_acceptable', 'Set the Accept header to a version of the API.');
    }
    if (headers.authorization !== `Bearer ${token}`) {
      return error(401, 'unauthorized', 'Invalid credentials provided.');
    }
    if (operation === 'SpaceLogDrainInfo') {
      if (forbiddenSpaces.has(key)) return error(403, 'forbidden', `You do not have access to ${key}.`);
      // Plain version 3 has no such resource.
      const found = accept.endsWith('.sdk') ? spaceDrains.get(key) : undefined;
      return found === undefined ? error(404, 'not_found', "Couldn't find that log drain.") : ok(found);
    }
    const app = apps.get(key);
    if (app === undefined) return error(404, 'not_found', "Couldn't find that app.");
    if (app.forbidden) return error(403, 'forbidden', `You do not have access to the app ${key}.`);
    if (operation === 'AppInfo') {
      const space =
        app.space === undefined ? null : { id: randomUUID(), name: app.space, shield: app.shield };
      return ok({ id: randomUUID(), name: key, space, team: null, maintenance: false });
    }
    return list(app.drains, headers.range);
  }

  /** `Range: id <from>..; max=<n>`; a `]` before the id leaves that one out. */
  function list(drains: readonly StoredDrain[], range: string | undefined): FakeAnswer {
    const asked = /^id (?:(\]?)([0-9a-f-]+))?\.\.(?:; max=(\d+)(?:; ?)?)?$/.exec(range ?? 'id ..');
    if (asked === null) return error(416, 'requested_range_not_satisfiable', 'Invalid range.');
    const [, exclusive, from = '', max = '200'] = asked;
    const rest = drains
      .toSorted((a, b) => (a.id < b.id ? -1 : 1))
      .filter(({ id }) => (exclusive === ']' ? id > from : id >= from));
    const page = rest.slice(0, Math.min(Number(max), settings.pageSize));
    const last = page.at(-1);
    if (last === undefined || page.length === rest.length) return ok(page);
    return { ...ok(page, 206), headers: { ...headers(), 'next-range': `id ]${last.id}..; max=${max}` } };
  }

  function headers(): Record<string, string> {
    return { ...contentType, 'ratelimit-remaining': String(left), 'request-id': randomUUID() };
  }

  function ok(body: unknown, status = 200): FakeAnswer {
    return { status, headers: headers(), body: JSON.stringify(body) };
  }

  function error(status: number, id: string | undefined, message: string): FakeAnswer {
    if (id === undefined) return { status, headers: { 'content-type': 'text/html' }, body: '<h1>oops' };
    const remaining = status === 429 ? { 'ratelimit-remaining': '0' } : {};
    return { status, headers: { ...headers(), ...remaining }, body: JSON.stringify({ id, message }) };
  }

  const service = await startFakeService<HerokuOperation>({
    identify({ method, path }) {
      const [, kind, name = '', rest, ...more] = path.split('/').map(decodeURIComponent);
      if (method !== 'GET' || more.length > 0) return undefined;
      if (kind === 'apps' && rest === undefined) return { operation: 'AppInfo', key: name };
      if (kind === 'apps' && rest === 'log-drains') return { operation: 'LogDrainList', key: name };
      if (kind === 'spaces' && rest === 'log-drain') return { operation: 'SpaceLogDrainInfo', key: name };
      return undefined;
    },
    perform,
    error,
  });

  return Object.assign(settings, service, {
    token,
    forbiddenSpaces,
    addApp: (
      name: string,
      { space = undefined as string | undefined, shield = false as boolean | null, forbidden = false } = {},
    ) => void apps.set(name, { space, shield, forbidden, drains: [] }),
    removeApp: (name: string) => void apps.delete(name),
    addDrain(name: string, url: string, { addon = '' } = {}) {
      const drain = newDrain(url, addon);
      apps.get(name)?.drains.push(drain);
      return drain.token;
    },
    removeDrains(name: string) {
      apps.get(name)?.drains.splice(0);
    },
    setSpaceDrain: (space: string, url: string) => void spaceDrains.set(space, newDrain(url, '')),
  });
}

function newDrain(url: string, addon: string): StoredDrain {
  const at = '2026-01-01T12:00:00Z';
  return {
    id: randomUUID(),
    url,
    token: `d.${randomUUID()}`,
    addon: addon === '' ? null : { id: randomUUID(), name: addon },
    created_at: at,
    updated_at: at,
  };
}
