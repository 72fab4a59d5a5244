import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchHead } from '../support/batch-head.ts';
import { batch, message, overflow } from '../support/messages.ts';
import { oneConnection, type PostSetup, post } from '../support/post.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { type ServeProcess, startServe } from '../support/serve-process.ts';
import { storedBatches } from '../support/stored-batches.ts';

const MiB = 1024 * 1024;

let serve: ServeProcess;
beforeAll(async () => {
  serve = await startServe();
});
afterAll(async () => {
  await serve.stop();
  expect(serve.child.stdout).not.toContain(serve.secret);
});

function send(app: string, body: Uint8Array, setup: PostSetup = {}) {
  return post(serve.url, body, { path: `/${app}`, secret: serve.secret, ...setup });
}

function head(app: string, fields: string): string {
  return batchHead(serve.secret, app, fields);
}

function only(app: string) {
  const batches = storedBatches(serve.data, app);
  expect(batches).toHaveLength(1);
  return batches[0];
}

const hello = batch(message('hello'));
const lines = (count: number, text = 'x'.repeat(80)) =>
  batch(...Array.from({ length: count }, (_, i) => message(`${i} ${text}`)));

describe('bodies', () => {
  test('a batch is stored as it is, and said in one line', async () => {
    const body = batch(message('one'), message('two\nlines'), Buffer.from([0xff, 0x00, 0x0a]));
    const answer = await send('app-plain', body, { headers: { 'logplex-msg-count': 3 } });
    expect(answer.status).toBe(200);
    expect(only('app-plain')?.raw).toEqual(body);
    const [request] = await serve.counted('app-plain');
    expect(request).toMatchObject({ level: 'info', batches: 1, messages: 3, bytes: body.length });
    expect(request).not.toHaveProperty('malformed');
  });

  test('1,024 messages behind a loss notice', async () => {
    const body = batch(
      overflow(7),
      ...Array.from({ length: 1024 }, (_, i) => message(`line ${i}: ${'é'.repeat(i % 50)}`)),
    );
    const headers = { 'logplex-msg-count': 1025, 'logplex-frame-id': '0'.repeat(32) };
    expect((await send('app-many', body, { headers })).status).toBe(200);
    expect(only('app-many')?.raw).toEqual(body);
    expect(only('app-many')?.header).toMatchObject({ claimed: 1025, found: 1025, losses: { L10: 7 } });
    expect((await serve.counted('app-many'))[0]).toMatchObject({ messages: 1025, 'messages-lost': 7 });
  });

  test.each([
    ['lines', 'app-6mb-lines', () => lines(50_000)],
    ['random bytes', 'app-6mb-random', () => batch(randomBytes(6 * MiB))],
  ])('6 MB of %s', async (_, app, make) => {
    const body = make();
    expect(body.length).toBeGreaterThan(6_000_000);
    expect((await send(app, body)).status).toBe(200);
    expect(only(app)?.raw.equals(body)).toBe(true);
  });

  test('chunked, as log-shuttle sends it: with odd pieces, an extension and trailers', async () => {
    const body = lines(300);
    const connection = await RawConnection.open(serve.url);
    await connection.write(head('app-chunked', 'Transfer-Encoding: chunked\r\nX-Request-Id: r-1\r\n'));
    for (let at = 0, size = 1; at < body.length; at += size, size = (size * 3) % 4099) {
      const piece = body.subarray(at, at + size);
      await connection.write(`${piece.length.toString(16)};extension=1\r\n`);
      await connection.write(piece);
      await connection.write('\r\n');
    }
    await connection.write('0\r\nTrailer: 1\r\n\r\n');
    expect((await connection.answer()).status).toBe(200);
    expect(only('app-chunked')?.raw.equals(body)).toBe(true);
    expect(only('app-chunked')?.header['request']).toBe('r-1');
    connection.socket.destroy();
  });

  test('an empty one, declared or chunked', async () => {
    expect((await send('app-empty', Buffer.alloc(0))).status).toBe(200);
    const connection = await RawConnection.open(serve.url);
    await connection.write(head('app-empty-chunked', 'Transfer-Encoding: chunked\r\n'));
    await connection.write('0\r\n\r\n');
    expect((await connection.answer()).status).toBe(200);
    for (const app of ['app-empty', 'app-empty-chunked']) {
      expect(only(app)?.raw).toEqual(Buffer.alloc(0));
      expect(only(app)?.header['malformed']).toContain('empty');
    }
    connection.socket.destroy();
  });
});

describe('connections', () => {
  test('carry any number of batches, one after the other', async () => {
    const connection = await RawConnection.open(serve.url);
    const bodies = Array.from({ length: 60 }, (_, i) => lines(1 + (i % 7), `batch ${i}`));
    for (const body of bodies) {
      await connection.write(head('app-kept', `Content-Length: ${body.length}\r\n`));
      await connection.write(body);
      const answer = await connection.answer();
      expect(answer.status).toBe(200);
      expect(answer.headers.get('keep-alive')).toBe('timeout=150');
    }
    const stored = storedBatches(serve.data, 'app-kept').map(({ raw }) => raw.toString());
    expect(stored.sort()).toEqual(bodies.map(String).sort());
    connection.socket.destroy();
  });

  test('answer pipelined requests in their order', async () => {
    const connection = await RawConnection.open(serve.url);
    const good = `${head('app-pipelined', `Content-Length: ${hello.length}\r\n`)}${hello}`;
    await connection.write(`${good}GET / HTTP/1.1\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n${good}`);
    const statuses = [];
    for (let i = 0; i < 4; i += 1) statuses.push((await connection.answer()).status);
    expect(statuses).toEqual([200, 405, 200, 200]);
    connection.socket.destroy();
  });

  test.each([
    ['half closed', 'app-half', 'end'],
    ['gone', 'app-gone', 'destroy'],
  ] as const)('may be %s before the answer: the batch is stored', async (_, app, how) => {
    const connection = await RawConnection.open(serve.url);
    await connection.write(head(app, `Content-Length: ${hello.length}\r\n`) + hello);
    connection.socket[how]();
    expect((await serve.counted(app))[0]).toMatchObject({ batches: 1 });
    expect(only(app)?.raw).toEqual(hello);
    await connection.closed;
    expect((await send(`${app}-after`, hello)).status).toBe(200);
  });
});

describe('an upload that stops in the middle stores nothing and is counted; the server goes on', () => {
  test.each([
    ['of a declared length, reset', 'app-cut-1', 'Content-Length: 100000\r\n', 'x'.repeat(5000), 'destroy'],
    ['of a declared length, half closed', 'app-cut-2', 'Content-Length: 100000\r\n', 'x'.repeat(9), 'end'],
    ['before its first byte', 'app-cut-3', 'Content-Length: 10\r\n', '', 'destroy'],
    ['between chunks', 'app-cut-4', 'Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n', 'destroy'],
    ['inside a chunk', 'app-cut-5', 'Transfer-Encoding: chunked\r\n', 'ff\r\nhello', 'end'],
    [
      'for chunks that are none',
      'app-cut-6',
      'Transfer-Encoding: chunked\r\n',
      '5\r\nhello\r\nzz\r\n',
      'wait',
    ],
  ] as const)('%s', async (_, app, fields, part, how) => {
    const connection = await RawConnection.open(serve.url);
    await connection.write(head(app, fields) + part);
    // Else the server might see the end before it has seen the request.
    await wait(50);
    if (how !== 'wait') connection.socket[how]();
    const [request, ...others] = await serve.counted(app);
    expect(request).toMatchObject({ aborted: 1 });
    expect(others).toEqual([]);
    await connection.closed;
    expect(connection.unread).toBe('');
    expect(storedBatches(serve.data, app)).toEqual([]);
    expect((await send(`${app}-after`, hello)).status).toBe(200);
  });
});

describe('16 MiB', () => {
  const largest = batch(Buffer.alloc(16 * MiB - 9, 'a'));

  test('exactly are stored', async () => {
    expect(largest).toHaveLength(16 * MiB);
    expect((await send('app-16m', largest)).status).toBe(200);
    expect(only('app-16m')?.raw.equals(largest)).toBe(true);
  });

  test('exactly are stored when they come chunked', async () => {
    expect((await send('app-16m-chunked', largest, { chunked: true })).status).toBe(200);
    expect(only('app-16m-chunked')?.raw.equals(largest)).toBe(true);
  });

  test.each([
    ['a byte', 'declared', 'app-over-declared', 16 * MiB + 1, false],
    ['a byte', 'chunked', 'app-over-chunked', 16 * MiB + 1, true],
    ['much', 'declared', 'app-far-over-declared', 24 * MiB, false],
    ['much', 'chunked', 'app-far-over-chunked', 24 * MiB, true],
  ])('and %s, %s, get 413, and their connection can be used on', async (_, __, app, size, chunked) => {
    const agent = oneConnection();
    expect((await send(app, Buffer.alloc(size, 'a'), { agent, chunked })).status).toBe(413);
    expect((await serve.counted(app))[0]).toMatchObject({ 'too-large': 1 });
    expect(storedBatches(serve.data, app)).toEqual([]);
    expect((await send(`${app}-after`, hello, { agent })).status).toBe(200);
    agent.destroy();
  });

  test('and more, declared, are refused before they come', async () => {
    const connection = await RawConnection.open(serve.url);
    await connection.write(head('app-early', `Content-Length: ${16 * MiB + 1}\r\n`));
    expect((await connection.answer()).status).toBe(413);
    connection.socket.destroy();
  });
});

describe('Content-Encoding: gzip', () => {
  test('is undone', async () => {
    const body = lines(500);
    const headers = { 'content-encoding': 'gzip', 'logplex-msg-count': 500 };
    expect((await send('app-gzip', gzipSync(body), { headers })).status).toBe(200);
    expect(only('app-gzip')?.raw.equals(body)).toBe(true);
    expect((await serve.counted('app-gzip'))[0]).toMatchObject({ inflated: 1, messages: 500 });
  });

  test('a bomb is stored as it came, and costs no more memory than any large body', async () => {
    const fresh = await startServe();
    const bomb = gzipSync(Buffer.alloc(128 * MiB));
    expect(bomb.length).toBeLessThan(MiB / 4);
    const { url, secret } = fresh;
    const headers = { 'content-encoding': 'gzip' };
    const before = peakMemory(fresh);
    for (let i = 0; i < 4; i += 1) {
      expect((await post(url, bomb, { secret, headers, path: '/bomb' })).status).toBe(200);
    }
    for (const { raw, header } of storedBatches(fresh.data)) {
      expect(raw.equals(bomb)).toBe(true);
      expect(header['malformed']).toContain('over the cap');
    }
    expect((await fresh.counted('bomb', 4))[0]).toMatchObject({ batches: 1, malformed: 1 });
    // Its cap is 16 MiB, of which zlib may hold each piece once more; whole it would be 128 MiB.
    if (before !== undefined) expect(peakMemory(fresh)).toBeLessThan(before + 96 * MiB);
    await fresh.stop();
  });
});

/** The most memory that a server ever held, in bytes; undefined where the system doesn't tell. */
function peakMemory({ pid }: ServeProcess): number | undefined {
  const path = `/proc/${pid}/status`;
  const kilobytes = existsSync(path) ? /VmHWM:\s+(\d+) kB/.exec(readFileSync(path, 'utf8'))?.[1] : undefined;
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

test('the same batch on many connections at once is stored once, and counted once', async () => {
  const body = lines(200);
  const headers = { 'logplex-frame-id': 'f'.repeat(32) };
  const answers = await Promise.all(Array.from({ length: 24 }, () => send('app-same', body, { headers })));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(only('app-same')?.raw.equals(body)).toBe(true);
  const requests = await serve.counted('app-same', 24);
  expect(requests.filter(({ batches }) => batches === 1)).toHaveLength(1);
  expect(requests.filter(({ duplicates }) => duplicates === 1)).toHaveLength(23);
});

describe('what is not a batch', () => {
  test.each([
    ['GET', '/healthz', 200],
    ['GET', '/healthz?from=a-load-balancer', 200],
    ['GET', '/my-app', 405],
    ['PUT', '/my-app', 405],
    ['DELETE', '/healthz', 405],
    ['HEAD', '/healthz', 200],
    ['HEAD', '/healthz/', 200],
    ['GET', '/healthz/', 200],
    ['HEAD', '/', 405],
    ['OPTIONS', '/healthz', 405],
    ['OPTIONS', '*', 405],
    ['PATCH', '/', 405],
  ])('%s %s is answered %i without credentials', async (method, path, status) => {
    const agent = oneConnection();
    expect((await post(serve.url, Buffer.alloc(0), { method, path, agent })).status).toBe(status);
    expect((await send('app-after-odd', hello, { agent })).status).toBe(200);
    agent.destroy();
  });
});
