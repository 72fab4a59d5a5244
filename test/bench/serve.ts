import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeliveryMode } from '../../lib/receiver/delivery.ts';
import { benchDirectory } from './directories.ts';
import { atLeast, type Benchmark, type Effort } from './figure.ts';
import { Load } from './load.ts';
import { describePairs, joinPairs, median, type Pairs, samplePairs } from './pairs.ts';
import { type BareWork, startBareServer, startServe } from './servers.ts';

interface Plan {
  /** How often both servers are started anew: one process can be lucky in how its memory lies. */
  readonly starts: number;
  readonly rounds: number;
  readonly warmUps: number;
  readonly roundMs: number;
}

const direct: Readonly<Record<Effort, Plan>> = {
  quick: { starts: 2, rounds: 4, warmUps: 3, roundMs: 500 },
  full: { starts: 5, rounds: 8, warmUps: 4, roundMs: 1000 },
};
/** Longer rounds: each is to hold its share of the archiving. */
const buffered: Readonly<Record<Effort, Plan>> = {
  quick: { starts: 2, rounds: 3, warmUps: 4, roundMs: 1500 },
  full: { starts: 4, rounds: 6, warmUps: 2, roundMs: 4000 },
};
const connections = 8;

interface Comparison {
  readonly messages: number;
  readonly delivery: DeliveryMode;
  readonly bare: BareWork;
  readonly limit: number;
}

/** Requests per second of `serve` against a bare server: batches of 400 messages, and of 5. */
export const serveFigures: readonly Benchmark[] = [
  benchmark('serve-400', { messages: 400, delivery: 'direct', bare: 'store', limit: 0.85 }),
  benchmark('serve-5', { messages: 5, delivery: 'direct', bare: 'store', limit: 0.85 }),
  benchmark('serve-buffered-400', { messages: 400, delivery: 'buffered', bare: 'deflate', limit: 0.6 }),
  benchmark('serve-buffered-5', { messages: 5, delivery: 'buffered', bare: 'nothing', limit: 0.12 }),
];

function benchmark(name: string, comparison: Comparison): Benchmark {
  return {
    figures: [name],
    async run(effort) {
      const plan = (comparison.delivery === 'direct' ? direct : buffered)[effort];
      const parts: Pairs[] = [];
      for (let i = 0; i < plan.starts; i += 1) parts.push(await compareOnce(comparison, plan));
      const pairs = joinPairs(parts);
      const remark = describePairs(pairs, 'requests/s');
      return [atLeast(comparison.limit, { name, value: median(pairs.ratios), unit: 'x', remark })];
    },
  };
}

/** Both write below the same new directory, so to the same file system. */
async function compareOnce({ messages, delivery, bare: work }: Comparison, plan: Plan): Promise<Pairs> {
  const directory = benchDirectory();
  const data = join(directory, 'serve');
  const serve = await startServe(data, { args: ['--delivery', delivery] });
  const bare = await startBareServer(work, join(directory, 'bare'), data);
  const ours = await Load.connect(serve.port, connections, messages);
  const base = await Load.connect(bare.port, connections, messages);
  try {
    const contest = { ours: () => runToEnd(ours, plan.roundMs, data), base: () => base.run(plan.roundMs) };
    return await samplePairs(contest, plan.rounds, plan.warmUps);
  } catch (error) {
    for (const { process } of [serve, bare]) if (process.ended) throw process.failure();
    throw error;
  } finally {
    for (const load of [ours, base]) load.close();
    for (const { process } of [serve, bare]) await process.stop();
  }
}

/**
 * Requests per second, where the time to archive what of the spool is closed by the end counts, too: it is not to
 * slow whoever comes next.
 */
export async function runToEnd(load: Load, ms: number, data: string): Promise<number> {
  const start = performance.now();
  const perSecond = await load.run(ms);
  const loaded = performance.now() - start;
  while (await archives(data)) await sleep(5);
  return (perSecond * loaded) / (performance.now() - start);
}

/** Whether a segment is closed, and not archived yet. */
async function archives(data: string): Promise<boolean> {
  const names = await readdir(join(data, 'spool')).catch(() => []);
  return names.some((name) => !name.endsWith('.open'));
}
