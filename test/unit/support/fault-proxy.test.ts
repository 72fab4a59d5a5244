import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FaultProxy, type FaultProxyOptions, startFaultProxy } from '../../support/fault-proxy.ts';
import type { FaultKind } from '../../support/fault-proxy-kinds.ts';

/** What the service saw whole. */
interface Seen {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly body: string;
}

let server: Server;
let target: URL;
let seen: Seen[];
let aborted: number;
let proxies: FaultProxy[];

beforeEach(async () => {
  seen = [];
  aborted = 0;
  proxies = [];
  server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of incoming) chunks.push(chunk);
    } catch {
      aborted += 1;
      return;
    }
    const { method = '', url: path = '', headers } = incoming;
    seen.push({ method, path, host: headers.host ?? '', body: Buffer.concat(chunks).toString() });
    response.writeHead(200, { 'content-length': 8, 'x-service': 'yes' }).end('answered');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  target = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(async () => {
  await Promise.all(proxies.map((proxy) => proxy.close()));
  server.closeAllConnections();
  server.close();
});

async function start(options: Partial<FaultProxyOptions> = {}): Promise<FaultProxy> {
  const proxy = await startFaultProxy({ target, seed: 1, style: 's3', ...options });
  proxies.push(proxy);
  return proxy;
}

interface Got {
  readonly status: number;
  readonly type: string | undefined;
  readonly body: string;
}

/** A whole answer, or `broken`. */
function put(
  proxy: FaultProxy,
  setup: { method?: string; signal?: AbortSignal } = {},
): Promise<Got | 'broken'> {
  const { method = 'PUT', signal } = setup;
  return new Promise((resolve) => {
    const outgoing = request(new URL('/bucket/key?x=1', proxy.url), {
      method,
      agent: false,
      ...(signal === undefined ? {} : { signal }),
      headers: { 'if-none-match': '*', 'content-length': 10 },
    });
    outgoing.on('error', () => resolve('broken'));
    outgoing.on('response', (incoming: IncomingMessage) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      incoming.on('error', () => resolve('broken'));
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, type: incoming.headers['content-type'], body });
      });
    });
    outgoing.end('0123456789');
  });
}

it('passes everything on while nothing is to go wrong', async () => {
  const proxy = await start();

  expect(await put(proxy)).toMatchObject({ status: 200, body: 'answered' });
  expect(seen).toEqual([
    { method: 'PUT', path: '/bucket/key?x=1', host: proxy.url.host, body: '0123456789' },
  ]);
  expect(Object.values(proxy.injected).every((count) => count === 0)).toBe(true);
});

describe('each fault', () => {
  it.each<[FaultKind, number]>([
    ['refused', 0],
    ['reset', 0],
    ['lostResponse', 1],
    ['partialResponse', 1],
    ['partialRequest', 0],
  ])('%s: no answer, and the service sees %i whole requests', async (kind, whole) => {
    const proxy = await start({ faults: { [kind]: 1 } });

    expect(await put(proxy)).toBe('broken');

    expect(seen).toHaveLength(whole);
    expect(proxy.injected[kind]).toBe(1);
  });

  it.each<[FaultKind, number, string, number]>([
    ['error500', 500, 'InternalError', 0],
    ['slowDown', 503, 'SlowDown', 0],
    ['conflict', 409, 'ConditionalRequestConflict', 0],
    ['precondition', 412, 'PreconditionFailed', 1],
  ])('%s: %i %s, and the service sees %i requests', async (kind, status, code, whole) => {
    const proxy = await start({ faults: { [kind]: 1 } });

    const got = await put(proxy);

    expect(got).toMatchObject({ status, type: 'application/xml' });
    expect(got).toHaveProperty('body', expect.stringContaining(`<Code>${code}</Code>`));
    expect(seen).toHaveLength(whole);
    expect(proxy.injected[kind]).toBe(1);
  });

  it('hung: no answer until the client gives up', async () => {
    const proxy = await start({ faults: { hung: 1 } });
    const client = new AbortController();
    const got = put(proxy, { signal: client.signal });
    await expect.poll(() => proxy.injected.hung).toBe(1);

    client.abort();

    expect(await got).toBe('broken');
    expect(seen).toEqual([]);
  });

  it('slow: the answer comes all the same', async () => {
    const proxy = await start({ faults: { slow: 1 }, slowMs: [1, 5] });

    expect(await put(proxy)).toMatchObject({ status: 200, body: 'answered' });
    expect(proxy.injected.slow).toBe(1);
  });

  it('partialRequest: the service sees a request that breaks off', async () => {
    const proxy = await start({ faults: { partialRequest: 1 } });

    await put(proxy);

    await expect.poll(() => aborted).toBe(1);
  });
});

it('says 409 and 412 of conditional PUTs only', async () => {
  const proxy = await start({ faults: { conflict: 0.5, precondition: 0.5 } });

  for (let i = 0; i < 8; i += 1) expect(await put(proxy, { method: 'POST' })).toMatchObject({ status: 200 });
  expect(proxy.injected).toMatchObject({ conflict: 0, precondition: 0 });
});

it('says 412 only when the object is there', async () => {
  const proxy = await start({ faults: { precondition: 1 } });
  server.removeAllListeners('request').on('request', (_, response) => response.writeHead(503).end());

  expect(await put(proxy)).toMatchObject({ status: 503 });
  expect(proxy.injected.precondition).toBe(0);
});

it.each([
  ['sqs', 503, 'application/x-amz-json-1.0', 'com.amazonaws.sqs#ServiceUnavailable'],
  ['ssm', 400, 'application/x-amz-json-1.1', 'com.amazonaws.ssm#ThrottlingException'],
] as const)('speaks the JSON of %s, and never 409 or 412 there', async (style, status, type, code) => {
  const proxy = await start({ style, faults: { slowDown: 1 } });

  const got = await put(proxy);

  expect(got).toMatchObject({ status, type });
  expect(JSON.parse(got === 'broken' ? '' : got.body)).toMatchObject({ __type: code });
  expect(() => proxy.setFaults({ precondition: 0.1 })).toThrow("S3's");
});

it('refuses chances of more than 1', async () => {
  const proxy = await start();

  expect(() => proxy.setFaults({ reset: 0.6, slow: 0.6 })).toThrow('add up to 1.2');
});

it('decides the same for the same seed, and other things for another', async () => {
  const outcomes = async (seed: number): Promise<string> => {
    const proxy = await start({ seed, faults: { reset: 0.3, error500: 0.3 } });
    let outcome = '';
    for (let i = 0; i < 24; i += 1) {
      const got = await put(proxy);
      outcome += got === 'broken' ? 'b' : got.status === 200 ? '.' : 'e';
    }
    return outcome;
  };

  const first = await outcomes(7);

  expect(await outcomes(7)).toBe(first);
  expect(await outcomes(8)).not.toBe(first);
  expect(new Set(first)).toEqual(new Set(['b', 'e', '.']));
});

it('leaves alone what its faults do not apply to', async () => {
  const proxy = await start({ faults: { reset: 1 }, applies: ({ method }) => method === 'PUT' });

  expect(await put(proxy, { method: 'POST' })).toMatchObject({ status: 200 });
  expect(await put(proxy)).toBe('broken');
});

it('is switched to an outage and back while it runs', async () => {
  const proxy = await start();
  expect(await put(proxy)).toMatchObject({ status: 200 });

  proxy.outage('refused');
  expect(await put(proxy)).toBe('broken');
  proxy.outage('slowDown');
  expect(await put(proxy)).toMatchObject({ status: 503 });
  proxy.setFaults({});

  expect(await put(proxy)).toMatchObject({ status: 200 });
});

it('breaks the connection when the service is not there', async () => {
  const proxy = await start();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));

  expect(await put(proxy)).toBe('broken');
});

it('ends every connection when it closes, those of hung requests too', async () => {
  const proxy = await start({ faults: { hung: 0.5, slow: 0.5 }, slowMs: [60_000, 60_000] });
  const all = Promise.all(Array.from({ length: 8 }, () => put(proxy)));
  await expect.poll(() => proxy.injected.hung + proxy.injected.slow).toBe(8);

  await proxy.close();

  expect(await all).toEqual(Array(8).fill('broken'));
  await expect
    .poll(() => new Promise((resolve) => server.getConnections((_, count) => resolve(count))))
    .toBe(0);
});
