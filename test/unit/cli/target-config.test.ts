import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CliError } from '../../../cli/shared/errors.ts';
import type { Target } from '../../../cli/shared/target.ts';
import { configOf } from '../../../cli/shared/target-config.ts';
import { ConfigError } from '../../../lib/config/config.ts';
import { storedConfig } from '../../../lib/config/stored-config.ts';
import { MemoryParameters } from '../../support/memory-parameters.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const directory = temporaryDirectory();
afterEach(() => vi.unstubAllEnvs());

type Named =
  | { readonly kind: 'stage'; readonly stage: string }
  | { readonly kind: 'directory'; readonly data: string };

const stage: Named = { kind: 'stage', stage: 'test' };
const local: Named = { kind: 'directory', data: '.' };

function targetWith(named: Named, values: Readonly<Record<string, string>> = {}): Target {
  return {
    ...named,
    bucket: undefined,
    describe: 'stage test',
    parameters: new MemoryParameters(values),
    flags: '--data ./data',
    startReceiver: 'start one',
    settleMs: 0,
    openArchive: () => Promise.reject(new Error('not here')),
    openLedger: () => Promise.reject(new Error('not here')),
  };
}

/** Cut into eleven parts, so that the tenth and the second must not change places. */
function parts(json: string): Record<string, string> {
  const size = Math.ceil(json.length / 11);
  const cut = Array.from({ length: 11 }, (_, i) => [`config/${i}`, json.slice(i * size, (i + 1) * size)]);
  return Object.fromEntries(cut.reverse());
}

describe('storedConfig', () => {
  it('joins the parts in the order of their numbers', async () => {
    const json = JSON.stringify({ stage: 'test', apps: [{ name: 'shop' }, { name: 'shop-staging' }] });

    const config = await storedConfig(new MemoryParameters(parts(json)));

    expect(config?.apps.map(({ name }) => name)).toEqual(['shop', 'shop-staging']);
  });

  it('is undefined where nothing is stored', async () => {
    expect(await storedConfig(new MemoryParameters({ 'drains/listed/0': 'shop' }))).toBeUndefined();
  });

  it.each([
    ['a part missing', { 'config/0': '{"stage":"test"', 'config/2': '}' }],
    ['no number', { 'config/x': '{}' }],
    ['no JSON', { 'config/0': '{"stage":' }],
  ])('refuses %s', async (_, values) => {
    await expect(storedConfig(new MemoryParameters(values))).rejects.toThrow(ConfigError);
  });
});

describe('configOf', () => {
  it("takes a stage's own, whatever file the environment names for a local server", async () => {
    vi.stubEnv('CISTERN_CONFIG', '/nowhere.json');

    const config = await configOf(targetWith(stage, { 'config/0': '{"stage":"test"}' }), {});

    expect(config.stage).toBe('test');
  });

  it('says what to do about a stage without one, or with a bad one', async () => {
    await expect(configOf(targetWith(stage), {})).rejects.toThrow(/npm run deploy/);
    const bad = configOf(targetWith(stage, { 'config/0': '{"stgae":"test"}' }), {});
    await expect(bad).rejects.toThrow(CliError);
    await expect(bad).rejects.toThrow(/stage test: .*stgae/s);
  });

  it('takes the file beside a data directory, a flag before the variable', async () => {
    const [named, inherited] = [join(directory, 'a.json'), join(directory, 'b.json')];
    await writeFile(named, '{"retentionDays":100}');
    await writeFile(inherited, '{"retentionDays":200}');
    vi.stubEnv('CISTERN_CONFIG', inherited);

    expect((await configOf(targetWith(local), { data: '.', config: named })).retentionDays).toBe(100);
    expect((await configOf(targetWith(local), { data: '.' })).retentionDays).toBe(200);
  });

  it('is the defaults without a file, and an error with a bad one', async () => {
    expect((await configOf(targetWith(local), { data: '.' })).alerts).toEqual({ channels: {}, routes: [] });
    const missing = join(directory, 'missing.json');
    await expect(configOf(targetWith(local), { data: '.', config: missing })).rejects.toThrow(
      /can't be read/,
    );
  });
});
