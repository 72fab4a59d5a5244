import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { batchHead } from '../support/batch-head.ts';
import { batch, message } from '../support/messages.ts';
import { post } from '../support/post.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { runCli } from '../support/run-cli.ts';
import { listening, refusedServe, spawnServe, startServe } from '../support/serve-process.ts';
import { storedBatches } from '../support/stored-batches.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const hello = batch(message('hello'));

describe('a signal', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s answers what is under way, and nothing else',
    async (signal) => {
      const serve = await startServe();
      const request = (app: string, body: Buffer) =>
        `${batchHead(serve.secret, app, `Content-Length: ${body.length}\r\n`)}${body}`;
      const uploading = await RawConnection.open(serve.url);
      await uploading.write(request('uploading', hello).slice(0, -20));
      const idle = await RawConnection.open(serve.url);
      await idle.write(request('idle', hello));
      expect((await idle.answer()).status).toBe(200);
      const silent = await RawConnection.open(serve.url);
      const hesitant = await RawConnection.open(serve.url);
      await hesitant.write('POST /my-app HTTP/1.1\r\nHo');
      // Its answer shows that the bytes before it have been read, on every connection.
      expect((await post(serve.url, hello, { secret: serve.secret })).status).toBe(200);

      serve.child.process.kill(signal);
      await Promise.all([idle, silent, hesitant].map(({ closed }) => closed));
      await expect(RawConnection.open(serve.url)).rejects.toThrow('ECONNREFUSED');
      await uploading.write(hello.subarray(-20));
      const answer = await uploading.answer();
      expect(answer.status).toBe(200);
      expect(answer.headers.get('connection')).toBe('close');
      await uploading.closed;
      expect(await serve.child.exited).toEqual({ code: 0, signal: null });
      expect(storedBatches(serve.data, 'uploading').map(({ raw }) => raw)).toEqual([hello]);
      expect(serve.lines().at(-1)).toMatchObject({ message: 'stopped' });
    },
  );
});

describe('a second start', () => {
  test('finds the same secret, the same objects, and says no secret again', async () => {
    const first = await startServe();
    const { data, secret } = first;
    const headers = { 'logplex-frame-id': 'a'.repeat(32) };
    expect((await post(first.url, hello, { secret, headers })).status).toBe(200);
    const before = storedBatches(data);
    await first.stop();
    expect(first.child.stderr).toContain(`heroku drains:add 'http://drain:${secret}@`);
    const second = await startServe({ data });
    expect((await post(second.url, hello, { secret, headers })).status).toBe(200);
    expect((await second.counted('my-app'))[0]).toMatchObject({ duplicates: 1 });
    expect(storedBatches(data)).toEqual(before);
    await second.stop();
    expect(second.secret).toBe(secret);
    expect(second.child.stderr).toBe('');
    for (const { child } of [first, second]) expect(child.stdout).not.toContain(secret);
  });

  test('beside a first keeps both going', async () => {
    const first = await startServe();
    const second = await startServe({ data: first.data });
    const answers = await Promise.all(
      [first, second].map(({ url, secret }) => post(url, hello, { secret, path: '/both' })),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(storedBatches(first.data, 'both')).toHaveLength(1);
    const counted = [(await first.counted('both'))[0], (await second.counted('both'))[0]];
    expect(counted.filter((request) => request?.['duplicates'] === 1)).toHaveLength(1);
    await Promise.all([first.stop(), second.stop()]);
  });
});

describe('a server that loses something goes on', () => {
  test('without its archive it spools, without its spool too it answers 503, and all is there once they are back', async () => {
    const serve = await startServe();
    const secret = { secret: serve.secret };
    const away = (name: string) => {
      const path = join(serve.data, name);
      renameSync(path, `${path}.away`);
      writeFileSync(path, 'a file');
      return () => {
        rmSync(path);
        renameSync(`${path}.away`, path);
      };
    };
    expect((await post(serve.url, hello, secret)).status).toBe(200);
    const archiveBack = away('archive');
    const later = batch(message('later'));
    expect((await post(serve.url, later, secret)).status).toBe(200);
    const spoolBack = away('spool');
    const last = batch(message('last'));
    expect((await post(serve.url, last, secret)).status).toBe(503);
    expect(await serve.counted('my-app', 3)).toMatchObject([
      { batches: 1 },
      { batches: 1, spooled: 1 },
      { undelivered: 1 },
    ]);
    archiveBack();
    spoolBack();
    expect((await post(serve.url, last, secret)).status).toBe(200);
    await serve.stop();
    // The end of serve leaves to its next start what was taken away from it.
    const next = await startServe({ data: serve.data });
    await expect.poll(() => readdirSync(join(serve.data, 'spool'))).toEqual([]);
    const { stdout } = await runCli(['cat', 'my-app', '--data', serve.data]);
    expect(stdout.match(/\w+$/gm)?.sort()).toEqual(['hello', 'last', 'later']);
    await next.stop();
  });

  test('without a reader of its output', async () => {
    const serve = await startServe();
    serve.child.process.stdout?.destroy();
    for (let i = 0; i < 3; i += 1) {
      expect((await post(serve.url, batch(message(`${i}`)), { secret: serve.secret })).status).toBe(200);
    }
    expect(storedBatches(serve.data)).toHaveLength(3);
    expect(await serve.stop()).toEqual({ code: 0, signal: null });
  });
});

describe('settings', () => {
  test('come from the environment where no flag gives them', async () => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ apps: [{ name: 'listed-app' }] }));
    const child = spawnServe(['--port', '0'], {
      env: {
        CISTERN_DATA: join(folder, 'data'),
        CISTERN_HOST: 'localhost',
        CISTERN_PORT: '1',
        CISTERN_CONFIG: join(folder, 'config.json'),
        CISTERN_URL: 'https://logs.example.com',
        CISTERN_BUCKET: '',
      },
    });
    const url = await listening(child);
    expect(url.hostname).toBe('localhost');
    const registry = readFileSync(join(folder, 'data', 'registry.json'), 'utf8');
    const secret = /https:\/\/drain:(\w+)@logs\.example\.com"/.exec(registry)?.[1] ?? '';
    for (const path of ['/listed-app', '/other-app']) {
      expect((await post(url, hello, { secret, path })).status).toBe(200);
    }
    child.process.kill();
    await child.exited;
    expect(/"app":"listed-app".*/.exec(child.stdout)?.[0]).not.toContain('unlisted');
    expect(/"app":"other-app".*/.exec(child.stdout)?.[0]).toContain('"unlisted":1');
  });

  test('make what they keep readable to its owner only', async () => {
    const serve = await startServe();
    await post(serve.url, hello, { secret: serve.secret });
    const mode = (path: string) => (statSync(join(serve.data, path)).mode & 0o777).toString(8);
    expect(['.', 'archive', 'archive/logs'].map(mode)).toEqual(['700', '700', '700']);
    expect(mode('registry.json')).toBe('600');
    await serve.stop();
  });
});

describe.concurrent('what can’t be is refused in one line with exit code 2, and nothing is left half done', () => {
  test.each([
    ['a port that is none', ['--port', 'abc'], /^cistern: --port abc: .* 0 to 65535\n$/],
    ['a port too high', ['--port', '65536'], /^cistern: --port 65536: .* 0 to 65535\n$/],
    ['an unknown flag', ['--prot', '1'], /^cistern: unknown option '--prot' \(did you mean --port\?\)\n$/],
    ['a word too many', ['--port', '0', 'now'], /^cistern: too many arguments for 'serve'.*\n$/],
    ['a host of elsewhere', ['--port', '0', '--host', '192.0.2.1'], /^cistern: --host 192\.0\.2\.1 .*\n$/],
    ['no host', ['--port', '0', '--host', ''], /^cistern: --host is empty.*\n$/],
    ['no URL', ['--port', '0', '--url', 'logs'], /^cistern: --url: give scheme and host only.*\n$/],
    [
      'no such config',
      ['--port', '0', '--config', 'none.json'],
      /^cistern: --config none\.json can't be read: ENOENT.*\n$/,
    ],
  ] as const)('%s', async (_, args, line) => {
    const data = join(temporaryDirectory(), 'data');
    const { code, stdout, stderr } = await refusedServe([...args, '--data', data]);
    expect(stderr).toMatch(line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(existsSync(data)).toBe(false);
  });

  test('a URL with a secret in it, which is not repeated', async () => {
    const args = ['--port', '0', '--data', temporaryDirectory(), '--url', 'https://me:topsecret@host'];
    const { code, stderr } = await refusedServe(args);
    expect(code).toBe(2);
    expect(stderr).not.toContain('topsecret');
  });

  test('a port in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => taken.once('listening', resolve));
    const address = taken.address();
    const port = String(typeof address === 'object' ? address?.port : undefined);
    const data = join(temporaryDirectory(), 'data');
    const { code, stdout, stderr } = await refusedServe([], { CISTERN_PORT: port, CISTERN_DATA: data });
    expect(stderr).toMatch(new RegExp(`^cistern: port ${port} of 127\\.0\\.0\\.1 is in use: .*--port.*\\n$`));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(existsSync(data)).toBe(false);
    taken.close();
  });

  test.each([
    ['not JSON', '{ "stage": ', [/is not JSON/]],
    [
      'of bad keys, every one of which is named',
      '{ "stage": "No Stage", "retentionDays": 3, "apps": [{ "name": "x" }, { "nme": "shop" }], "bucket": 1 }',
      [/stage: .*"No Stage"/, /retentionDays: .*90/, /apps\[0\]\.name: /, /apps\[1\]\.nme: /, /bucket: /],
    ],
  ])('a config %s', async (_, text, problems) => {
    const folder = temporaryDirectory();
    const config = join(folder, 'config.json');
    writeFileSync(config, text);
    const data = join(folder, 'data');
    const { code, stdout, stderr } = await refusedServe(['--port', '0', '--data', data, '--config', config]);
    for (const problem of problems) expect(stderr).toMatch(problem);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(existsSync(data)).toBe(false);
  });

  test.each([
    ['a file', '.'],
    ['below a file', './deeper/data'],
  ])('a data directory that is %s', async (_, below) => {
    const folder = temporaryDirectory();
    writeFileSync(join(folder, 'file'), 'kept');
    const { code, stdout, stderr } = await refusedServe([
      '--port',
      '0',
      '--data',
      join(folder, 'file', below),
    ]);
    expect(stderr).toMatch(
      /^cistern: .*\(ENOTDIR\)\. Part of this path is a file: pass another directory\.\n$/,
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(readdirSync(folder)).toEqual(['file']);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('kept');
  });

  test.each([
    [
      'archive is a file',
      'archive',
      /data directory .* can't be used: .*ENOTDIR.* Choose another with --data/,
    ],
    ['registry is damaged', 'registry.json', /registry\.json is damaged/],
  ])('a data directory whose %s', async (_, name, line) => {
    const data = temporaryDirectory();
    writeFileSync(join(data, name), '{');
    const { code, stdout, stderr } = await refusedServe(['--port', '0', '--data', data]);
    expect(stderr).toMatch(line);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(readdirSync(data)).toEqual([name]);
  });

  // Root may write everywhere.
  test.skipIf(process.getuid?.() === 0)('a data directory that may not be written', async () => {
    const folder = join(temporaryDirectory(), 'closed');
    mkdirSync(folder, { mode: 0o500 });
    const { code, stderr } = await refusedServe(['--port', '0', '--data', join(folder, 'data')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/EACCES/);
  });
});
