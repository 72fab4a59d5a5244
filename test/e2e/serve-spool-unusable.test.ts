import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { startFakeAws } from '../support/fake-aws.ts';
import { batch, message } from '../support/messages.ts';
import { post } from '../support/post.ts';
import { runCli } from '../support/run-cli.ts';
import { type ServeLine, type ServeProcess, startServe } from '../support/serve-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** Buffered, with a spool that is archived after a second. */
function buffered(): string[] {
  const config = join(temporaryDirectory(), 'cistern.json');
  writeFileSync(config, JSON.stringify({ delivery: 'buffered', archiver: { windowSeconds: 1 } }));
  return ['--config', config];
}

async function send(serve: ServeProcess, text: string): Promise<void> {
  const { status } = await post(serve.url, batch(message(text)), { secret: serve.secret });
  expect(status).toBe(200);
}

function said(serve: ServeProcess, what: string): Promise<ServeLine> {
  return serve.child.until(() => serve.lines().find(({ message: text }) => text.includes(what)), what);
}

test('a spool that is no directory is told of; the store takes over until it is one again', async () => {
  const data = join(temporaryDirectory(), 'data');
  const inTheWay = join(data, 'spool');
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(inTheWay, 'a file');
  const serve = await startServe({ data, args: buffered() });
  expect(await said(serve, 'stays in the spool')).toMatchObject({
    level: 'warn',
    error: expect.stringMatching(/\/spool can't be read \(it is no directory: move it away/),
  });
  const texts = ['one', 'two', 'three', 'four'];
  for (const text of texts) await send(serve, text);
  for (const { spooled } of await serve.counted('my-app', 4)) expect(spooled).toBeUndefined();
  expect(await said(serve, 'the spool fails')).toMatchObject({ level: 'warn' });
  expect(readFileSync(inTheWay, 'utf8')).toBe('a file');

  rmSync(inTheWay);
  // An avoided path is tried again by one batch every few seconds.
  await expect
    .poll(
      async () => {
        texts.push(`${texts.length} sent before`);
        await send(serve, texts.at(-1) ?? '');
        return (await serve.counted('my-app', texts.length)).at(-1)?.['spooled'];
      },
      { timeout: 12_000, interval: 500 },
    )
    .toBe(1);
  await said(serve, 'the spool works');
  await said(serve, 'the spool can be archived again');
  await said(serve, 'archived 1 batch of the spool');
  expect((await serve.stop()).code).toBe(0);

  expect(readdirSync(inTheWay)).toEqual([]);
  const { stdout } = await runCli(['cat', 'my-app', '--data', data]);
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(texts.length);
  for (const text of texts) expect(stdout).toContain(text);
});

test('an archiver that can not even begin takes neither serve down nor what is spooled away', async () => {
  const aws = await startFakeAws();
  try {
    const args = ['--bucket', aws.s3.bucket, ...buffered()];
    const preload = ['test/support/spoiled-threads.ts'];
    const serve = await startServe({ args, preload, env: aws.env() });
    await send(serve, 'one');
    expect(await said(serve, 'the archiver failed')).toMatchObject({
      level: 'error',
      error: expect.stringContaining('no client in a thread'),
    });
    await send(serve, 'two');
    expect(await serve.counted('my-app', 2)).toMatchObject([{ spooled: 1 }, { spooled: 1 }]);
    expect(await serve.stop()).toMatchObject({ code: 0 });
    expect(await said(serve, 'the next start does it')).toMatchObject({ left: expect.any(Number) });

    const next = await startServe({ data: serve.data, args, env: aws.env() });
    await expect.poll(() => readdirSync(join(serve.data, 'spool')), { timeout: 15_000 }).toEqual([]);
    const logs = [...aws.s3.objects].filter(([key]) => key.startsWith('logs/'));
    const archived = logs.map(([, body]) => gunzipSync(body).toString()).join('');
    expect(archived).toContain('one');
    expect(archived).toContain('two');
    await next.stop();
  } finally {
    await aws.close();
  }
});
