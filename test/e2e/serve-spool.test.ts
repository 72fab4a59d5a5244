import { once } from 'node:events';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeAws, startFakeAws } from '../support/fake-aws.ts';
import { batch, message } from '../support/messages.ts';
import { post } from '../support/post.ts';
import { runCli } from '../support/run-cli.ts';
import { refusedServe, type ServeProcess, startServe } from '../support/serve-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** A configuration whose spool is archived after so many seconds. */
function windowOf(windowSeconds: number, delivery = 'direct'): string[] {
  const config = join(temporaryDirectory(), 'cistern.json');
  writeFileSync(config, JSON.stringify({ delivery, archiver: { windowSeconds } }));
  return ['--config', config];
}

function spooled({ data }: ServeProcess): string[] {
  return existsSync(join(data, 'spool')) ? readdirSync(join(data, 'spool')) : [];
}

function objects({ data }: ServeProcess): string[] {
  if (!existsSync(join(data, 'archive/logs'))) return [];
  const files = readdirSync(join(data, 'archive/logs'), { recursive: true, encoding: 'utf8' });
  return files.filter((file) => file.endsWith('.gz'));
}

/** The last eight characters of every message, in their order. */
async function cat({ data }: ServeProcess): Promise<string[]> {
  const { stdout } = await runCli(['cat', 'my-app', '--data', data]);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.slice(-8))
    .sort();
}

async function send(serve: ServeProcess, ...texts: readonly string[]): Promise<void> {
  const statuses = texts.map(async (text) => {
    const sent = batch(message(text));
    return (await post(serve.url, sent, { secret: serve.secret })).status;
  });
  expect(await Promise.all(statuses)).toEqual(texts.map(() => 200));
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${String(from + index).padStart(3, '0')}`);

describe('serve --delivery buffered', () => {
  test('keeps batches in the spool, and makes one object of many after the window', async () => {
    const serve = await startServe({ args: ['--delivery', 'buffered', ...windowOf(1)] });
    await send(serve, ...numbered(1, 40));
    expect(await serve.counted('my-app', 40)).toMatchObject(Array(40).fill({ batches: 1, spooled: 1 }));
    await expect.poll(() => spooled(serve), { timeout: 15_000 }).toEqual([]);

    expect(objects(serve).length).toBeLessThan(5);
    expect(await cat(serve)).toEqual(numbered(1, 40));
    const archived = serve.lines().filter(({ message: text }) => text.startsWith('archived '));
    expect(archived.reduce((sum, line) => sum + Number(line['members']), 0)).toBe(40);
    await serve.stop();
  });

  test('archives what is spooled when it is asked to stop', async () => {
    const serve = await startServe({ args: windowOf(300, 'buffered') });
    await send(serve, 'one', 'two');
    expect(objects(serve)).toEqual([]);
    expect((await serve.stop()).code).toBe(0);
    expect(spooled(serve)).toEqual([]);
    expect(await cat(serve)).toHaveLength(2);
  });

  test('keeps over SIGKILL what it acknowledged, and archives it after the next start', async () => {
    const killed = await startServe({ args: ['--delivery', 'buffered', ...windowOf(300)] });
    await send(killed, ...numbered(1, 20));
    await killed.kill();
    expect(spooled(killed)).toEqual([expect.stringMatching(/\.open$/)]);
    expect(objects(killed)).toEqual([]);

    const next = await startServe({ data: killed.data });
    await expect.poll(() => spooled(next), { timeout: 15_000 }).toEqual([]);
    expect(await cat(next)).toEqual(numbered(1, 20));
    await next.stop();
  });

  test('two of them on one data directory lose nothing', async () => {
    const one = await startServe({ args: windowOf(1, 'buffered') });
    await send(one, ...numbered(1, 5));
    // Its start takes over what the first one still writes.
    const two = await startServe({ data: one.data, args: windowOf(1, 'buffered') });
    await Promise.all([send(one, ...numbered(6, 20)), send(two, ...numbered(21, 40))]);
    await expect.poll(() => spooled(one), { timeout: 20_000 }).toEqual([]);
    expect(await cat(one)).toEqual(numbered(1, 40));
    await Promise.all([one.stop(), two.stop()]);
  });

  test('is refused by another word', async () => {
    const { code, stderr } = await refusedServe(['--delivery', 'later']);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'cistern: --delivery later: give direct or buffered\n',
    });
  });
});

describe('with a bucket', () => {
  let aws: FakeAws;
  beforeEach(async () => {
    aws = await startFakeAws();
  });
  afterEach(() => aws.close());

  const logs = () =>
    [...aws.s3.objects].filter(([key]) => key.startsWith('logs/')).map(([, body]) => gunzipSync(body));

  /** An address where nobody listens. */
  async function closedPort(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    return port;
  }

  test('that is away at the start, it starts, spools, and leaves it all to a start when the bucket is back', async () => {
    const endpoint = `http://127.0.0.1:${await closedPort()}`;
    const away = { ...aws.env(), AWS_ENDPOINT_URL_S3: endpoint };
    const args = ['--bucket', aws.s3.bucket, ...windowOf(1)];
    const serve = await startServe({ args, env: away });
    expect(serve.lines()[0]).toMatchObject({ level: 'warn', bucket: aws.s3.bucket });
    await send(serve, 'one', 'two');
    expect(await serve.counted('my-app', 2)).toMatchObject([{ spooled: 1 }, { spooled: 1 }]);
    const stays = () => serve.lines().find(({ message: text }) => text.includes('stays in the spool'));
    await expect.poll(stays, { timeout: 15_000 }).toMatchObject({ level: 'warn' });
    await serve.stop();
    expect(serve.lines().at(-2)?.message).toMatch(/the next start does it$/);

    const back = await startServe({ data: serve.data, args, env: aws.env() });
    await expect.poll(() => spooled(back), { timeout: 15_000 }).toEqual([]);
    const arrived = logs().map(String).join('');
    expect(arrived).toContain('one');
    expect(arrived).toContain('two');
    await back.stop();
  });
});
