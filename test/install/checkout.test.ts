import { execFileSync } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repository } from '../support/documents.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { asUser, UserServer } from './user.ts';

test('npm ci --omit=dev && npm start receive in a checkout, and it can be read back', async () => {
  const checkout = join(temporaryDirectory(), 'cistern');
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: repository,
  });
  for (const path of files
    .toString()
    .split('\0')
    .filter((each) => each !== '')) {
    cpSync(join(repository, path), join(checkout, path));
  }
  await asUser(checkout, 'npm', 'ci', '--omit=dev', '--no-audit', '--no-fund');
  const server = await UserServer.start(checkout, 'npm', 'start', '--silent');

  await asUser(checkout, 'npm', 'run', '--silent', 'cistern', '--', 'send', server.drainUrl, 'LICENSE');

  expect(await asUser(checkout, 'npm', 'run', '--silent', 'cistern', '--', 'cat', 'my-app')).toMatch(
    /Apache License/,
  );
  expect(await server.stop('SIGTERM')).toBe(0);
}, 300_000);
