import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { objectKey } from '../../lib/archive/format/key.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import type { DeliveryMode } from '../../lib/receiver/delivery.ts';
import { benchDirectory } from './directories.ts';
import { atLeast, type Benchmark, type Effort, type Figure } from './figure.ts';
import { Load } from './load.ts';
import { describePairs, median, samplePairs } from './pairs.ts';
import { runToEnd } from './serve.ts';
import { startServe } from './servers.ts';

const connections = 8;
const messages = 5;
const few = 10_000;
/** Hard links that one file of ext4 can have, and some less. */
const linksOfFile = 60_000;

/** Requests per second of `serve` with 1,000,000 objects in the day's directory, against those with 10,000. */
export const flat: Benchmark = benchmark('1M', 1_000_000);
/** The same with 100,000, for a quick run. */
export const flatQuick: Benchmark = benchmark('100k', 100_000);

function benchmark(label: string, many: number): Benchmark {
  const modes: readonly DeliveryMode[] = ['direct', 'buffered'];
  return {
    figures: modes.map((mode) => `flat-${mode}-${label}`),
    async run(effort) {
      const figures: Figure[] = [];
      const root = benchDirectory();
      const full = join(root, 'full');
      fill(full, many);
      for (const mode of modes) {
        const name = `flat-${mode}-${label}`;
        const sparse = join(root, `sparse-${mode}`);
        fill(sparse, few);
        figures.push(await compare(name, mode, { full, sparse }, effort));
      }
      return figures;
    },
  };
}

async function compare(
  name: string,
  mode: DeliveryMode,
  { full, sparse }: { readonly full: string; readonly sparse: string },
  effort: Effort,
): Promise<Figure> {
  const args = ['--delivery', mode];
  const servers = [await startServe(full, { args }), await startServe(sparse, { args })] as const;
  const [ours, base] = await Promise.all(
    servers.map(({ port }) => Load.connect(port, connections, messages)),
  );
  if (ours === undefined || base === undefined) throw new Error('no load');
  const roundMs = effort === 'quick' ? 500 : 2000;
  try {
    const contest = {
      ours: () => runToEnd(ours, roundMs, full),
      base: () => runToEnd(base, roundMs, sparse),
    };
    const pairs = await samplePairs(contest, effort === 'quick' ? 5 : 16, 2);
    const remark = describePairs(pairs, 'requests/s');
    return atLeast(0.8, { name, value: median(pairs.ratios), unit: 'x', remark });
  } finally {
    for (const load of [ours, base]) load.close();
    for (const { process } of servers) await process.stop();
  }
}

/** Archives `count` objects of today, all links to a few empty files: nobody reads them. */
function fill(data: string, count: number): void {
  const source = join(data, 'empty');
  const startMs = Date.now() - count;
  mkdirSync(data, { recursive: true, mode: 0o700 });
  for (let n = 0; n < count; n += 1) {
    const from = `${source}-${Math.floor(n / linksOfFile)}`;
    if (n % linksOfFile === 0) writeFileSync(from, '');
    const uuid = `${n.toString(16).padStart(8, '0')}-0123-80bc-8def-0123456789ab`;
    // Of this very moment's day, wherever their own would be.
    const to = join(data, 'archive', objectKey({ app, epochMs: Math.max(startMs + n, midnight()), uuid }));
    if (n === 0) mkdirSync(dirname(to), { recursive: true });
    linkSync(from, to);
  }
}

const app = 'my-app' as AppName;

function midnight(): number {
  return new Date().setUTCHours(0, 0, 0, 0);
}
