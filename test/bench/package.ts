import { execFile } from 'node:child_process';
import { cp, mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { benchDirectory } from './directories.ts';
import { atMost, type Benchmark } from './figure.ts';
import { describePairs, median, samplePairs, timed } from './pairs.ts';

const run = promisify(execFile);
const repository = join(import.meta.dirname, '../..');
const packed = z.tuple([z.object({ size: z.number() })]);

/** What a user downloads, and how long its help takes against a Node that runs nothing. */
export const installedPackage: Benchmark = {
  figures: ['packed-size', 'help'],
  async run(effort) {
    // Packing makes the bundle, too.
    const { stdout } = await run('npm', ['pack', '--json', '--dry-run'], { cwd: repository });
    const [{ size }] = packed.parse(JSON.parse(stdout));

    const home = join(benchDirectory(), 'cistern');
    await mkdir(home);
    for (const folder of ['bin', 'dist'])
      await cp(join(repository, folder), join(home, folder), { recursive: true });
    await symlink(join(repository, 'node_modules'), join(home, 'node_modules'));
    const contest = {
      ours: () => timed(() => run(join(home, 'bin', 'cistern'), ['--help'])),
      base: () => timed(() => run(process.execPath, ['--eval', '0'])),
    };
    const pairs = await samplePairs(contest, effort === 'quick' ? 10 : 30, 2);
    return [
      atMost(300, { name: 'packed-size', value: size / 1000, unit: 'kB', remark: 'what npm pack makes' }),
      atMost(3, { name: 'help', value: median(pairs.ratios), unit: 'x', remark: describePairs(pairs, 'ms') }),
    ];
  },
};
