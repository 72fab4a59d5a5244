import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as z from 'zod';
import { type CommandName, source } from '../../cli/commands.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { repository } from '../support/documents.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { asUser, UserServer } from './user.ts';

/** `npm i -g` of what `npm pack` makes, into an empty prefix. */

const home = temporaryDirectory();
const cistern = join(home, 'prefix', 'bin', 'cistern');
const packed = z.tuple([
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })), size: z.number() }),
]);
let files: string[];
let server: UserServer;

beforeAll(async () => {
  const output = await asUser(repository, 'npm', 'pack', '--json', '--pack-destination', home);
  const [made] = packed.parse(JSON.parse(output));
  files = made.files.map(({ path }) => path);
  await asUser(
    home,
    'npm',
    'install',
    '--global',
    '--prefix',
    join(home, 'prefix'),
    join(home, made.filename),
  );
  server = await UserServer.start(home, cistern, 'serve');
});

afterAll(async () => {
  await server.stop('SIGKILL');
});

test('the package holds the launcher and the bundle, and no source', () => {
  expect(files).toEqual(
    expect.arrayContaining(['bin/cistern', 'dist/cistern/cistern.mjs', 'dist/cistern/archiver-thread.mjs']),
  );
  expect(files.filter((path) => !/^(bin|deploy|dist\/cistern)\/|^[^/]+$/.test(path))).toEqual([]);
});

test('--version is that of the package', async () => {
  expect(await asUser(home, cistern, '--version')).toBe(`${packageJson.version}\n`);
});

test('what the server says next is a command of the installed package', () => {
  expect(server.banner).toMatch(/^ {2}cistern cat my-app$/m);
});

/** One command of each noun, in this order, in the directory where `cistern serve` runs. */
const calls: Record<Exclude<CommandName, 'serve'>, { readonly args: string[]; readonly says: RegExp }> = {
  drain: { args: ['drain', 'list'], says: /shared/ },
  alert: { args: ['alert', 'list'], says: /CHANNEL|ROUTE|$/ },
  send: { args: ['send', 'URL', 'app.log'], says: /$/ },
  ls: { args: ['ls', 'my-app'], says: /total: 1 object/ },
  cat: { args: ['cat', 'my-app'], says: /app\[send\.1\]: hello from a package/ },
  usage: { args: ['usage', 'my-app', '--since', '1h'], says: /messages +1 / },
  cost: { args: ['cost', '--batches', '1M', '--messages', '400M', '--bytes', '100GB'], says: /total/ },
  spool: { args: ['spool', 'status'], says: /./ },
  incident: { args: ['incident', 'list', '--json'], says: /"incidents": \[\]/ },
  mute: { args: ['mute', 'my-app', '--for', '1h', '--reason', 'a try', '--json'], says: /app:my-app/ },
  unmute: { args: ['unmute', 'my-app', '--json'], says: /"muted": false/ },
  smoke: { args: ['smoke', 'my-app'], says: /ok +read back/ },
  watch: { args: ['watch', '--once'], says: /ok +retention data/ },
  job: { args: ['job', 'list'], says: /watch +every 5 min/ },
  completion: { args: ['completion', 'words', 'cat', 'my'], says: /^my-app\t/ },
  help: { args: ['help', 'times'], says: /yesterday/ },
};

test('one command of each noun works beside the server', async () => {
  writeFileSync(join(home, 'app.log'), 'hello from a package\n');
  expect(['serve', ...Object.keys(calls)].sort()).toEqual(source.names.toSorted());
  for (const { args, says } of Object.values(calls)) {
    const given = args.map((arg) => (arg === 'URL' ? server.drainUrl : arg));
    expect(await asUser(home, cistern, ...given), args.join(' ')).toMatch(says);
  }
});

test('a signal reaches the server itself, and what waits in its spool is archived by its thread', async () => {
  const data = join(home, 'buffered');
  const buffered = await UserServer.start(home, cistern, 'serve', '--data', data, '--delivery', 'buffered');
  await asUser(home, cistern, 'send', buffered.drainUrl, 'app.log');

  expect(await buffered.stop('SIGTERM')).toBe(0);
  expect(await asUser(home, cistern, 'cat', 'my-app', '--data', data)).toMatch(/hello from a package/);
});
