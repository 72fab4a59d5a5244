import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { runCli } from '../support/run-cli.ts';
import { type ServeProcess, startServe } from '../support/serve-process.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const rows = z.array(
  z.looseObject({ check: z.string(), subject: z.string(), status: z.string(), remedy: z.string() }),
);

/** `cistern watch --once` beside a `serve` that does not watch by itself. */
describe('cistern watch', () => {
  const directory = temporaryDirectory();
  let serve: ServeProcess;
  let data: string;
  const look = (...args: readonly string[]) => runCli(['watch', '--once', '--data', data, ...args]);

  beforeAll(async () => {
    const config = join(directory, 'cistern.json');
    const apps = [{ name: 'shop', silenceMinutes: 5, contact: '#team-shop' }];
    await writeFile(config, JSON.stringify({ apps, alerts: { channels: { hook: { type: 'webhook' } } } }));
    serve = await startServe({ args: ['--config', config] });
    data = serve.data;
  });
  afterAll(() => serve?.stop());

  it('looks at the apps and channels that serve was started with, without being told', async () => {
    const { code, stdout } = await look('--json');

    const found = rows.parse(JSON.parse(stdout));
    const shop = found.find(({ check, subject }) => check === 'freshness' && subject === 'shop');
    expect(shop?.remedy).toContain(`\`npm run -s cistern -- drain add shop --data ${data}\``);
    expect(found).toContainEqual(
      expect.objectContaining({ check: 'alerts', subject: 'hook', status: 'critical' }),
    );
    expect(code).toBe(2);
  });

  it('forgets them with the next serve, and takes a file that is named instead', async () => {
    const other = join(directory, 'other.json');
    await writeFile(other, '{"apps":[{"name":"blog"}]}');

    const named = await look('--json', '--config', other);
    expect(rows.parse(JSON.parse(named.stdout)).map(({ subject }) => subject)).toContain('blog');

    const plain = await startServe({ data });
    await plain.stop();
    const subjects = rows.parse(JSON.parse((await look('--json')).stdout)).map(({ subject }) => subject);
    expect(subjects).not.toContain('shop');
  });

  it('looks beside a damaged state, and leaves it where it is', async () => {
    const file = join(data, 'ledger', 'incidents', 'state.json');
    await mkdir(join(data, 'ledger', 'incidents'), { recursive: true });
    await writeFile(file, 'no state');

    const { code, stdout, stderr } = await look('--json');
    const again = await look('--json');

    expect(rows.parse(JSON.parse(stdout))).toContainEqual(
      expect.objectContaining({ check: 'records', subject: 'state', status: 'critical' }),
    );
    expect([code, again.stdout === '']).toEqual([2, false]);
    expect(stderr).toContain('incidents/state.json');
    await rm(file);
  });

  it('ends with 3, not with the 1 of a warning, where nobody can look', async () => {
    const file = join(data, 'ledger', 'incidents', 'state.json');
    await mkdir(file, { recursive: true });

    const { code, stderr } = await look();

    expect(code).toBe(3);
    expect(stderr).toMatch(/^cistern: .*EISDIR/);
    await rm(file, { recursive: true });
  });
});
