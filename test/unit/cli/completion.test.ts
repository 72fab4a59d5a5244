import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { source } from '../../../cli/commands.ts';
import { suggest } from '../../../cli/completion/words.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

afterEach(() => vi.unstubAllEnvs());

const words = async (...line: readonly string[]) => (await suggest(source, line)).map(({ word }) => word);

/** A data directory of `shop` and `blog`, beside which `serve` was configured with `shop` and `api-live`. */
function dataDirectory(): string {
  const data = join(temporaryDirectory(), 'data');
  for (const name of ['shop', 'blog', 'Not An App']) {
    mkdirSync(join(data, 'archive', 'logs', name), { recursive: true });
  }
  const config = JSON.stringify({ apps: [{ name: 'shop' }, { name: 'api-live' }] });
  writeFileSync(join(data, 'registry.json'), JSON.stringify({ 'config/0': config }), { mode: 0o600 });
  return data;
}

test('commands, their subcommands, their flags', async () => {
  expect(await words('c')).toEqual(['cat', 'cost', 'completion']);
  expect(await words('')).toEqual(source.names);
  expect(await words('drain', 'r')).toEqual(['rotate', 'retire']);
  expect(await words('drain', 'list', '--')).toEqual(['--data', '--stage', '--json', '--help']);
  expect(await words('incident', 'recurrence', '--w')).toEqual([]);
});

test('apps of the data directory that the line names, stored or configured', async () => {
  const data = dataDirectory();
  expect(await words('cat', '--data', data, '')).toEqual(['api-live', 'blog', 'shop']);
  expect(await words('cat', `--data=${data}`, 's')).toEqual(['shop']);
  expect(await words('drain', 'add', '--data', data, 'a')).toEqual(['api-live']);
  expect(await words('incident', 'create', 'a title', '--data', data, '--app', 'bl')).toEqual(['blog']);
  vi.stubEnv('CISTERN_DATA', data);
  expect(await words('mute', '')).toEqual(['api-live', 'blog', 'shop']);
  // The one argument is there already.
  expect(await words('cat', 'shop', '')).toEqual([]);
});

test('stages of cdk.json and of the environment', async () => {
  expect(await words('cat', 'shop', '--stage', '')).toEqual(['production']);
  vi.stubEnv('CISTERN_STAGE', 'preview');
  expect(await words('cat', 'shop', '--stage', 'pre')).toEqual(['preview']);
  expect(await words('cat', 'shop', '--stage=p')).toEqual(['--stage=production', '--stage=preview']);
  expect(await words('cat', 'shop', '--stage', '=')).toEqual(['production', 'preview']);
  expect(await words('cat', 'shop', '--stage', '=', 'pre')).toEqual(['preview']);
});

test('what a flag can be', async () => {
  expect(await words('serve', '--delivery', 'b')).toEqual(['buffered']);
  expect(await words('incident', 'create', '--severity', 'P')).toEqual(['P0', 'P1', 'P2', 'P3', 'P4']);
  expect(await words('cat', '--since', '')).toEqual([]);
});

test('topics and commands of the help', async () => {
  expect(await words('help', 'e')).toEqual(['exit-codes', 'environment']);
  expect(await words('help', 'sp')).toEqual(['spool']);
});

test.each([
  [['nonsense', '']],
  [['cat', '--nonsense', '']],
  [['cat', '--data', '/nowhere', '']],
  [['cat', '--stage', 'UPPER', '']],
  [['']],
  [[]],
])('%j never fails', async (line) => {
  expect(Array.isArray(await words(...line))).toBe(true);
});
