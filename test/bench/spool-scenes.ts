import * as z from 'zod';
import { atMost, type Benchmark, type Effort, type Figure, format } from './figure.ts';
import { BenchProcess } from './process.ts';

const report = z.object({
  puts: z.number(),
  events: z.number(),
  members: z.number(),
  memberBytes: z.number(),
  storedBytes: z.number(),
  foreignBytes: z.number(),
  zlibCalls: z.number(),
  recoverySeconds: z.number().optional(),
});

type Report = z.output<typeof report>;

/** Store PUTs and bytes of `buffered` against `direct`, which makes one object of each member. */
export const bufferedPuts: Benchmark = {
  figures: ['puts-1-app', 'puts-20-apps', 'buffered-bytes', 'recompressed-bytes'],
  async run(effort) {
    const scenes = [await play('one-app', effort), await play('twenty-apps', effort)];
    const [one, twenty] = scenes;
    if (one === undefined || twenty === undefined) throw new Error('no scene was played');
    const bytes = Math.max(...scenes.map(({ storedBytes, memberBytes }) => storedBytes / memberBytes));
    const members = scenes.reduce((sum, each) => sum + each.members, 0);
    return [
      putsFigure('puts-1-app', 5, one),
      putsFigure('puts-20-apps', 10, twenty),
      atMost(1.01, { name: 'buffered-bytes', value: bytes, unit: 'x', remark: `${members} members` }),
      atMost(0, {
        name: 'recompressed-bytes',
        value: scenes.reduce((sum, { foreignBytes }) => sum + foreignBytes, 0),
        unit: 'bytes',
        remark: `stored, but of no member; ${scenes.reduce((sum, { zlibCalls }) => sum + zlibCalls, 0)} calls of zlib`,
      }),
    ];
  },
};

/** How long 10,000 members need from the queue to the archive once the store answers again. */
export const recoverySqs: Benchmark = {
  figures: ['recovery-sqs'],
  async run(effort) {
    const { recoverySeconds = Number.NaN, events } = await play('recovery', effort);
    const remark = `simulated; the slowest of ${effort === 'quick' ? 2 : 5} outages; ${events} events in the last`;
    return [atMost(60, { name: 'recovery-sqs', value: recoverySeconds, unit: 's', remark })];
  },
};

function putsFigure(name: string, limit: number, { puts, events, members }: Report): Figure {
  const value = (100 * puts) / members;
  const remark = `simulated; ${puts} PUTs for ${members} batches, ${format(members / events)} an event`;
  return atMost(limit, { name, value, unit: '%', remark });
}

async function play(scene: string, effort: Effort): Promise<Report> {
  const options = { preload: 'test/bench/count-zlib.ts' };
  const process = new BenchProcess('test/bench/spool-simulation-process.ts', [scene, effort], options);
  try {
    return report.parse(await process.message());
  } finally {
    await process.stop();
  }
}
