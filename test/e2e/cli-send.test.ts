import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { visitFrames } from '../../lib/logplex/frames.ts';
import { runCli } from '../support/run-cli.ts';

interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly port: number | undefined;
}

const secret = 'S3cretS3cretS3cret';

describe('cistern send', () => {
  let directory: string;
  let server: Server;
  let received: Received[];
  /** The answer to each request; undefined closes the connection without one. */
  let answer: (request: Received) => number | undefined;
  let underWay: number;
  let mostUnderWay: number;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cistern-send-'));
    received = [];
    answer = () => 200;
    underWay = 0;
    mostUnderWay = 0;
    server = createServer((request, response) => {
      underWay += 1;
      mostUnderWay = Math.max(mostUnderWay, underWay);
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method, url: path, headers } = request;
        const arrived = {
          method,
          path,
          headers,
          body: Buffer.concat(chunks),
          port: request.socket.remotePort,
        };
        received.push(arrived);
        underWay -= 1;
        const status = answer(arrived);
        if (status === undefined) request.socket.destroy();
        else response.writeHead(status, { 'Content-Length': 0 }).end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(directory, { recursive: true });
  });

  const port = (): number => (server.address() as AddressInfo).port;
  const url = (userinfo = `drain:${secret}@`): string => `http://${userinfo}127.0.0.1:${port()}/my-app`;
  const lines = (count: number): string => Array.from({ length: count }, (_, i) => `line ${i}\n`).join('');
  const textsOf = (batches: readonly Received[]): string[] =>
    batches.flatMap(({ body }) => {
      const texts: string[] = [];
      const { fault } = visitFrames(body, (start, end) => texts.push(body.toString('utf8', start, end)));
      expect(fault).toBeUndefined();
      return texts.map((text) => text.replace(/^<190>1 \S+ host app send\.1 - /, ''));
    });

  it('posts a file as Logplex would', async () => {
    const file = join(directory, 'app.log');
    await writeFile(file, lines(3000));

    const { code, stdout, stderr } = await runCli(['send', url(), file]);

    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^3,000 messages in 3 batches, .*: all acknowledged in /);
    expect(textsOf(received).join('')).toBe(lines(3000));
    for (const { method, path, headers, body } of received) {
      expect({ method, path }).toEqual({ method: 'POST', path: '/my-app' });
      expect(headers).toMatchObject({
        host: `127.0.0.1:${port()}`,
        'content-type': 'application/logplex-1',
        'content-length': String(body.length),
        'logplex-msg-count': String(textsOf([{ method, path, headers, body, port: undefined }]).length),
        'logplex-frame-id': expect.stringMatching(/^[0-9a-f]{32}$/),
        'logplex-drain-token': expect.stringMatching(/^d\.[0-9a-f]{8}-/),
        'user-agent': expect.stringMatching(/^Logplex\//),
        authorization: `Basic ${Buffer.from(`drain:${secret}`).toString('base64')}`,
      });
    }
    expect(new Set(received.map(({ headers }) => headers['logplex-frame-id'])).size).toBe(3);
    expect(new Set(received.map((request) => request.port)).size).toBe(1);
    expect(mostUnderWay).toBe(1);
  });

  it('sends stdin, byte for byte', async () => {
    const input = Buffer.concat([Buffer.from([0xff, 0xc3, 0x28]), Buffer.from('\n\n\r\nlast')]);

    const { code } = await runCli(['send', url()], { input });

    expect(code).toBe(0);
    const [{ body } = { body: Buffer.alloc(0) }] = received;
    const texts: string[] = [];
    visitFrames(body, (start, end) =>
      texts.push(body.toString('hex', start, end).split(/20(?:2d)20/)[1] ?? ''),
    );
    expect(texts).toEqual(['ffc3280a', '0a', '0d0a', Buffer.from('last\n').toString('hex')]);
  });

  it.each([
    ['p%41ss:w%2Frd@', 'p%41ss:w%2Frd'],
    ['lonesecret@', 'lonesecret:'],
    ['', undefined],
  ])('presents the credentials %j as they are', async (userinfo, pair) => {
    await runCli(['send', url(userinfo)], { input: 'x\n' });

    const expected = pair === undefined ? undefined : `Basic ${Buffer.from(pair).toString('base64')}`;
    expect(received.map(({ headers }) => headers.authorization)).toEqual([expected]);
  });

  it('is the same drain every time, or the one it is told to be', async () => {
    const token = 'd.01234567-89ab-cdef-0123-456789abcdef';

    await runCli(['send', url()], { input: 'x\n' });
    await runCli(['send', url('drain:Another@')], { input: 'x\n' });
    await runCli(['send', url(), '--token', token], { input: 'x\n' });

    const tokens = received.map(({ headers }) => headers['logplex-drain-token']);
    expect(tokens[0]).toBe(tokens[1]);
    expect(tokens[2]).toBe(token);
  });

  it('makes batches as small as it is told', async () => {
    await runCli(['send', url(), '--batch-size', '2'], { input: lines(5) });

    expect(received.map(({ headers }) => headers['logplex-msg-count'])).toEqual(['2', '2', '1']);
  });

  it('uses as many connections as it is told, each with one request under way', async () => {
    const { code } = await runCli(['send', url(), '--connections', '3', '--batch-size', '1'], {
      input: lines(60),
    });

    expect(code).toBe(0);
    expect(textsOf(received).toSorted()).toEqual(lines(60).match(/.+\n/g)?.toSorted());
    expect(new Set(received.map((request) => request.port)).size).toBe(3);
    expect(mostUnderWay).toBeLessThanOrEqual(3);
  });

  it.each([503, 429, 302, undefined])('tries again after %s, with the same batch', async (status) => {
    answer = () => (received.length === 2 ? status : 200);

    const { code, stdout } = await runCli(['send', url(), '--batch-size', '1', '--json'], {
      input: lines(3),
    });

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ batches: 3, acknowledged: 3, retried: 1, complete: true });
    expect(received).toHaveLength(4);
    expect(received[2]?.body.equals(received[1]?.body ?? Buffer.alloc(0))).toBe(true);
    expect(received[2]?.headers['logplex-frame-id']).toBe(received[1]?.headers['logplex-frame-id']);
  });

  it('gives a batch up after three tries, goes on, and says so', async () => {
    answer = ({ body }) => (body.includes('line 1') ? 503 : 200);

    const { code, stdout, stderr } = await runCli(['send', url(), '--batch-size', '1', '--json'], {
      input: lines(3),
    });

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      batches: 3,
      messages: 3,
      acknowledged: 2,
      undelivered: 1,
      refused: 0,
      retried: 2,
      reasons: { 'answered 503': 1 },
      complete: true,
    });
    expect(stderr).toContain('not everything is acknowledged');
    expect(received).toHaveLength(5);
  });

  it('never repeats what is refused, and says that Logplex would drop it', async () => {
    answer = ({ body }) => (body.includes('line 1') ? 413 : 200);

    const { code, stdout, stderr } = await runCli(['send', url(), '--batch-size', '1', '--json'], {
      input: lines(3),
    });

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ acknowledged: 2, refused: 1, retried: 0 });
    expect(stderr).toContain('drops it for good');
    expect(received).toHaveLength(3);
  });

  it('stops when the very first batch is refused', async () => {
    answer = () => 401;

    const { code, stdout, stderr } = await runCli(['send', url(), '--batch-size', '1', '--json'], {
      input: lines(50),
    });

    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ batches: 1, refused: 1, complete: false, p50Ms: null });
    expect(stderr).toContain('The rest was not sent');
    expect(stderr).toContain('cistern drain list');
    expect(received).toHaveLength(1);
  });

  it('says when nobody is there', async () => {
    const target = url();
    server.close();

    const { code, stderr } = await runCli(['send', target], { input: 'x\n' });

    expect(code).toBe(1);
    expect(stderr).toContain('connection refused');
  });

  it('sends lines from a pipe before it ends', async () => {
    const program = fileURLToPath(new URL('../../cli/cistern.ts', import.meta.url));
    const child = spawn(process.execPath, [program, 'send', url()], { stdio: ['pipe', 'ignore', 'ignore'] });
    const closed = once(child, 'close');

    child.stdin.write('first\nunfinished');
    await expect.poll(() => textsOf(received), { timeout: 10_000 }).toEqual(['first\n']);
    child.stdin.end(' line\n');
    await closed;

    expect(textsOf(received)).toEqual(['first\n', 'unfinished line\n']);
  });

  it('sends what it has read when it is interrupted', async () => {
    const program = fileURLToPath(new URL('../../cli/cistern.ts', import.meta.url));
    const child = spawn(process.execPath, [program, 'send', url(), '--json'], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    const stdout: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    const closed = once(child, 'close');

    child.stdin.write('first\n');
    await expect.poll(() => received.length, { timeout: 10_000 }).toBe(1);
    child.kill('SIGINT');

    expect(await closed).toEqual([1, null]);
    expect(JSON.parse(Buffer.concat(stdout).toString())).toMatchObject({ acknowledged: 1, complete: false });
  });

  it('has nothing to do with nothing', async () => {
    expect(await runCli(['send', url()])).toEqual({ code: 0, stdout: 'nothing to send\n', stderr: '' });
    expect(received).toEqual([]);
  });

  it('never shows the secret', async () => {
    const shown: string[] = [];
    for (const status of [200, 401, 500, undefined]) {
      answer = () => status;
      const { stdout, stderr } = await runCli(['send', url(), '--json'], {
        input: 'x\n',
        env: { CISTERN_DEBUG: '1' },
      });
      shown.push(stdout, stderr);
    }
    for (const args of [
      [url(), 'a', 'b'],
      [`drain:${secret}@host/app`],
      [`ftp://drain:${secret}@host/app`],
      [url(), join(directory, 'none')],
    ]) {
      shown.push((await runCli(['send', ...args], { env: { CISTERN_DEBUG: '1' } })).stderr);
    }

    expect(shown.join('')).not.toContain(secret);
  });

  it.each([
    [['nonsense'], "'nonsense' is no drain URL"],
    [['https://host/app', '/no/such/file'], 'there is no such file'],
    [['https://host/app', tmpdir()], 'it is a directory'],
    [['https://host/app', '--token', 'd.1'], "'d.1' is no drain token"],
    [['https://host/app', '--batch-size', '1025'], 'from 1 to 1024'],
    [['https://host/app', '--connections', '0'], 'from 1 to 1000'],
    [[], "missing required argument 'url'"],
  ])('says in one line what is wrong with %j', async (args, expected) => {
    const { code, stdout, stderr } = await runCli(['send', ...args]);

    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^cistern: [^\n]+\n$/);
    expect(stderr).toContain(expected);
  });
});
