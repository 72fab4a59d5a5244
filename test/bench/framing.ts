import { deflateRawSync } from 'node:zlib';
import { inspectBatch } from '../../lib/logplex/batch.ts';
import { atMost, type Benchmark } from './figure.ts';
import { cycle, describePairs, median, samplePairs, timed } from './pairs.ts';
import { defaultStartMs, routerBatch } from './router-lines.ts';

/** Framing, the notice test and the first and last header, against deflate of the same 400 router lines. */
export const framing: Benchmark = {
  figures: ['framing'],
  async run(effort) {
    const bodies = Array.from({ length: 16 }, (_, seed) => routerBatch(400, seed).body);
    const ourBody = cycle(bodies);
    const baseBody = cycle(bodies);
    // As Logplex delivers: soon after. Old times would be read one by one.
    const receivedAt = defaultStartMs + 60_000;
    const contest = {
      ours: () => timed(() => inspectBatch(ourBody(), receivedAt)),
      base: () => timed(() => deflateRawSync(baseBody(), { level: 6 })),
    };
    const pairs = await samplePairs(contest, effort === 'quick' ? 300 : 2000, 600);
    const value = median(pairs.ratios);
    return [atMost(0.05, { name: 'framing', value, unit: 'x', remark: describePairs(pairs, 'ms') })];
  },
};
