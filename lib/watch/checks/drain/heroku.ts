import * as z from 'zod';
import { type HerokuApp, type HerokuDrain, HerokuError, type HerokuReader } from './heroku-api.ts';

/** Heroku's Platform API, v3: https://devcenter.heroku.com/articles/platform-api-reference. */

const app = z.object({
  name: z.string(),
  space: z.object({ name: z.string(), shield: z.boolean().nullish() }).nullish(),
});
const drain = z
  .object({ url: z.string(), token: z.string().nullish(), addon: z.unknown() })
  .transform(({ url, token, addon }) => ({
    url,
    token: token ?? '',
    addon: addon !== null && addon !== undefined,
  }));

export interface HerokuOptions {
  /** Where the API is; https only. */
  readonly origin?: string;
  /** For tests, against a server on this machine. */
  readonly allowHttp?: boolean;
  /** Of one request, in milliseconds. */
  readonly timeoutMs?: number;
}

/** Reads with an API token (`heroku authorizations:create`). Throws RangeError for an origin without TLS. */
export class Heroku implements HerokuReader {
  readonly #authorization: string;
  readonly #origin: string;
  readonly #timeoutMs: number;

  constructor(token: string, options: HerokuOptions = {}) {
    const { origin = 'https://api.heroku.com', allowHttp = false, timeoutMs = 5_000 } = options;
    if (!allowHttp && !origin.startsWith('https://')) {
      throw new RangeError(`${origin} is not https: it would be sent the token in the clear`);
    }
    this.#authorization = `Bearer ${token}`;
    this.#origin = origin;
    this.#timeoutMs = timeoutMs;
  }

  async app(name: string, signal?: AbortSignal): Promise<HerokuApp | undefined> {
    const answer = await this.#get(`/apps/${encodeURIComponent(name)}`, { signal });
    if (answer.status === 404) return undefined;
    const { name: own, space } = understand(app, answer);
    if (space == null) return { name: own };
    const { name: spaceName, shield } = space;
    return { name: own, space: spaceName, ...(shield == null ? {} : { shield }) };
  }

  async drains(name: string, signal?: AbortSignal): Promise<readonly HerokuDrain[]> {
    const path = `/apps/${encodeURIComponent(name)}/log-drains`;
    const drains: HerokuDrain[] = [];
    let range = firstRange;
    for (let pages = 0; pages < maxPages; pages += 1) {
      const answer = await this.#get(path, { range, signal });
      // It was there a moment ago.
      if (answer.status === 404) return [];
      drains.push(...understand(z.array(drain), answer));
      // 206 says that there is more, and Next-Range what to ask for (reference, "Ranges").
      if (answer.status !== 206 || answer.nextRange === null) return drains;
      range = answer.nextRange;
    }
    throw new HerokuError('unavailable', `Heroku's list of drains of ${name} has no end`);
  }

  async spaceDrain(space: string, signal?: AbortSignal): Promise<HerokuDrain | undefined> {
    // Not part of plain version 3: Heroku's own client asks for this variant.
    const accept = 'application/vnd.heroku+json; version=3.sdk';
    const answer = await this.#get(`/spaces/${encodeURIComponent(space)}/log-drain`, { accept, signal });
    return answer.status === 404 ? undefined : (understand(drain.nullable(), answer) ?? undefined);
  }

  /** Throws {@link HerokuError} for every answer but 200, 206 and a 404 of the API's own. */
  async #get(path: string, { accept = version3, range, signal }: Asked): Promise<Answer> {
    // As a header it would throw, and the error could show it.
    if (!/^[\x20-\x7e]+$/.test(this.#authorization)) {
      throw new HerokuError('unauthorised', "the token for Heroku's API holds characters that no token has");
    }
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    let response: Response;
    let body: string;
    try {
      response = await fetch(`${this.#origin}${path}`, {
        headers: {
          accept,
          authorization: this.#authorization,
          // A connection kept from one run to the next may be dead without anybody's knowing.
          connection: 'close',
          ...(range === undefined ? {} : { range }),
        },
        // Elsewhere is not Heroku, and must not get the token.
        redirect: 'error',
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      });
      body = await readBounded(response);
    } catch (cause) {
      if (cause instanceof HerokuError) throw cause;
      const why = timeout.aborted ? `no answer within ${this.#timeoutMs / 1000} s` : 'no answer';
      throw new HerokuError('unavailable', `GET ${path} of Heroku's API failed: ${why}`, { cause });
    }
    const { status, headers } = response;
    if (status === 200 || status === 206 || (status === 404 && idOf(body) === 'not_found')) {
      return { path, status, body, nextRange: headers.get('next-range') };
    }
    throw refusal(path, status, headers);
  }
}

interface Asked {
  readonly accept?: string;
  readonly range?: string;
  readonly signal: AbortSignal | undefined;
}

interface Answer {
  readonly path: string;
  readonly status: number;
  readonly body: string;
  readonly nextRange: string | null;
}

const version3 = 'application/vnd.heroku+json; version=3';
/** The largest page. */
const firstRange = 'id ..; max=1000';
const maxPages = 20;
const maxBytes = 2 * 1024 * 1024;

async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new HerokuError('unavailable', "Heroku's API answered with too much");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** The message of zod's error is left out: it could show a URL. */
function understand<T>(shape: z.ZodType<T>, { path, body }: Answer): T {
  const result = shape.safeParse(parse(body));
  if (result.success) return result.data;
  throw new HerokuError('unavailable', `GET ${path} of Heroku's API: the answer can't be understood`);
}

function idOf(body: string): string | undefined {
  return z.object({ id: z.string() }).safeParse(parse(body)).data?.id;
}

function refusal(path: string, status: number, headers: Headers): HerokuError {
  const what = `GET ${path} of Heroku's API was answered ${status}`;
  switch (status) {
    case 401:
      return new HerokuError('unauthorised', `${what}: the token is wrong, revoked or expired`);
    case 403:
      return new HerokuError('forbidden', `${what}: the token may not see this`);
    case 429: {
      const left = headers.get('ratelimit-remaining') ?? 'none';
      return new HerokuError(
        'limited',
        `${what}: too many requests in this hour (left: ${left.slice(0, 20)})`,
      );
    }
    default:
      return new HerokuError('unavailable', what);
  }
}
