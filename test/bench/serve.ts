import { join } from 'node:path';
import { benchDirectory } from './directories.ts';
import { atLeast, type Benchmark, type Effort } from './figure.ts';
import { Load } from './load.ts';
import { describePairs, joinPairs, median, type Pairs, samplePairs } from './pairs.ts';
import { startBareServer, startServe } from './servers.ts';

interface Plan {
  /** How often both servers are started anew: one process can be lucky in how its memory lies. */
  readonly starts: number;
  readonly rounds: number;
  readonly warmUps: number;
  readonly roundMs: number;
}

const plans: Readonly<Record<Effort, Plan>> = {
  quick: { starts: 2, rounds: 4, warmUps: 3, roundMs: 500 },
  full: { starts: 5, rounds: 8, warmUps: 4, roundMs: 1000 },
};
const connections = 8;

/** Requests per second of `serve` against the bare server, batches of 400 messages. */
export const serveLarge: Benchmark = benchmark('serve-400', 400);
/** The same, batches of 5 messages. */
export const serveSmall: Benchmark = benchmark('serve-5', 5);

function benchmark(name: string, messages: number): Benchmark {
  return {
    figures: [name],
    async run(effort) {
      const parts: Pairs[] = [];
      for (let i = 0; i < plans[effort].starts; i += 1)
        parts.push(await compareOnce(messages, plans[effort]));
      const pairs = joinPairs(parts);
      const remark = describePairs(pairs, 'requests/s');
      return [atLeast(0.85, { name, value: median(pairs.ratios), unit: 'x', remark })];
    },
  };
}

/** Both write below the same new directory, so to the same file system. */
async function compareOnce(messages: number, plan: Plan): Promise<Pairs> {
  const directory = benchDirectory();
  const serve = await startServe(join(directory, 'serve'));
  const bare = await startBareServer(join(directory, 'bare'), join(directory, 'serve'));
  const ours = await Load.connect(serve.port, connections, messages);
  const base = await Load.connect(bare.port, connections, messages);
  try {
    const contest = { ours: () => ours.run(plan.roundMs), base: () => base.run(plan.roundMs) };
    return await samplePairs(contest, plan.rounds, plan.warmUps);
  } catch (error) {
    for (const { process } of [serve, bare]) if (process.ended) throw process.failure();
    throw error;
  } finally {
    for (const load of [ours, base]) load.close();
    for (const { process } of [serve, bare]) await process.stop();
  }
}
