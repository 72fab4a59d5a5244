import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { DirectoryJournal } from '../../lib/spool/journal/journal.ts';
import { seal } from '../support/batches.ts';
import { batch, message } from '../support/messages.ts';
import { type Run, runCli } from '../support/run-cli.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const now = Date.now();

describe.each(['cat', 'ls', 'usage'])('cistern %s beside a spool', (command) => {
  let data: string;
  const run = (...args: readonly string[]): Promise<Run> => runCli([command, ...args, '--data', data]);

  beforeEach(async () => {
    data = temporaryDirectory();
    await mkdir(join(data, 'archive'));
  });

  async function spooled(...times: readonly number[]): Promise<void> {
    const journal = new DirectoryJournal({ directory: join(data, 'spool'), windowMs: 3_600_000 });
    for (const at of times) {
      await journal.put(await seal(batch(message('hello', at))), AbortSignal.timeout(10_000));
    }
  }

  it('says what waits, from when on it can be read, and how at once', async () => {
    await spooled(now, now + 1);

    const { code, stdout, stderr } = await run('my-app');

    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toContain(`nothing of my-app is in the archive of ${data} yet`);
    expect(stderr).toMatch(
      /2 batches of my-app still wait in the spool and are not shown: in the archive in about \d+ s, or at once by `cistern spool drain --data \S+`\./,
    );
  });

  it('says it beside what is archived, too', async () => {
    await spooled(now);
    expect((await runCli(['spool', 'drain', '--data', data])).code).toBe(0);
    await spooled(now + 1);

    const { code, stdout, stderr } = await run('my-app');

    expect(code).toBe(0);
    expect(stdout).not.toBe('');
    expect(stderr).toContain('a batch of my-app still waits in the spool and is not shown');
  });

  it('says it also where the archive is away, and how it gets there', async () => {
    await spooled(now);
    const away = { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1', AWS_REGION: 'us-east-1' };
    const credentials = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'x' };

    const args = [command, 'my-app', '--data', data, '--bucket', 'logs'];
    const { code, stderr } = await runCli(args, { env: { ...away, ...credentials } });

    expect(code).toBe(1);
    expect(stderr).toMatch(/ at once by `cistern spool drain --data \S+ --bucket logs`/);
    expect(stderr).toContain('no answer from the store');
  });

  it('says nothing of other apps and of other times', async () => {
    await spooled(now);

    expect((await run('other')).stderr).toBe(`cistern: nothing is stored for other in ${data}.\n`);
    const earlier = ['--since', '2026-01-01', '--until', '2026-01-02'];
    expect((await run('my-app', ...earlier)).stderr).not.toContain('spool');
  });
});

it('says where an archive may be that is not in the data directory', async () => {
  const data = temporaryDirectory();

  expect(await runCli(['cat', 'my-app', '--data', data])).toEqual({
    code: 1,
    stdout: '',
    stderr: `cistern: nothing is stored for my-app in ${data}. There is no archive in it: if \`cistern serve\` keeps it in a bucket, pass --bucket NAME.\n`,
  });
});
