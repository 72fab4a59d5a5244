/**
 * moto on a free port of 127.0.0.1. It lives in a Python environment of its own in `.cistern/`, made at the first
 * run and whenever the version changes.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const motoVersion = '5.2.5';
const root = join(import.meta.dirname, '..', '..');
const environment = join(root, '.cistern', 'moto-venv');
const python = join(environment, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

/** moto looks whether a key is there, then writes it: with a long turn for each thread, nothing comes between. */
const startMoto = `
import sys
from moto.server import main
sys.setswitchinterval(60)
main(['-H', '127.0.0.1', '-p', '0'])
`;

class SetupError extends Error {}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());

/**
 * Runs vitest by the configuration at `config` against a moto of its own, with `env` besides, and resolves with
 * the exit code: 2 where moto can't be had, 130 when it was interrupted.
 */
export async function runWithMoto(
  name: string,
  config: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  try {
    await installMoto();
    return await runTests(config, args, env);
  } catch (error) {
    if (interrupted.signal.aborted) return 130;
    if (!(error instanceof SetupError)) throw error;
    console.error(`${name}: ${error.message}`);
    return 2;
  }
}

async function installMoto(): Promise<void> {
  const installed = `import importlib.metadata as m, sys; sys.exit(m.version('moto') != '${motoVersion}')`;
  if (existsSync(python) && (await run(python, ['-c', installed], 'ignore')) === 0) return;
  console.log(`installing moto ${motoVersion} into ${environment} …`);
  await rm(environment, { recursive: true, force: true });
  await mkdir(dirname(environment), { recursive: true });
  if ((await run('python3', ['-m', 'venv', environment])) !== 0) {
    throw new SetupError(
      'python3 has no working venv module: install it (Debian: apt-get install python3-venv)',
    );
  }
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    `moto[server]==${motoVersion}`,
  ];
  if ((await run(python, pip)) !== 0)
    throw new SetupError(`pip could not install moto ${motoVersion}: see above`);
}

async function run(
  command: string,
  args: string[],
  stdio: 'inherit' | 'ignore' = 'inherit',
): Promise<number> {
  const child = spawn(command, args, { stdio, signal: interrupted.signal });
  try {
    const [code] = await once(child, 'exit');
    return typeof code === 'number' ? code : 1;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new SetupError(
        `there is no ${command}: install Python 3 (these tests run against moto, which needs it)`,
      );
    }
    throw error;
  }
}

async function runTests(
  config: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const server = spawn(python, ['-c', startMoto], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PYTHONUNBUFFERED: '1' },
    signal: interrupted.signal,
  });
  // Without a listener, the abort would be thrown at nobody.
  server.on('error', () => {});
  try {
    const url = await addressOf(server);
    const tests = spawn(
      process.execPath,
      [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--config', config, ...args],
      { cwd: root, stdio: 'inherit', env: { ...testEnvironment(url), ...env }, signal: interrupted.signal },
    );
    const [code] = await once(tests, 'exit');
    return typeof code === 'number' ? code : 1;
  } finally {
    server.kill();
  }
}

/** Where moto listens, once it answers. */
async function addressOf(server: ChildProcess): Promise<string> {
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    server.once('error', reject);
    server.once('exit', () => reject(new SetupError(`moto's server did not start:\n${said}`)));
    server.stderr?.on('data', (chunk: Buffer) => {
      said = `${said}${chunk}`.slice(-10_000);
      const address = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (address !== undefined) resolve(address);
    });
  });
  const answer = await fetch(`${url}/moto-api/`, { signal: AbortSignal.timeout(30_000) });
  if (!answer.ok) throw new SetupError(`moto's server answers ${answer.status}:\n${said}`);
  return url;
}

/** Nothing of the operator's own AWS reaches the tests. */
function testEnvironment(url: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  return {
    ...Object.fromEntries(own),
    AWS_ENDPOINT_URL: url,
    AWS_REGION: 'eu-west-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}
