import { deflateRawSync, type ZlibOptions } from 'node:zlib';
import { type Benchmark, type Figure, unlimited } from './figure.ts';
import { cycle, median, samplePairs, timed } from './pairs.ts';
import { routerBatch } from './router-lines.ts';

interface Setting {
  readonly level: number;
  readonly memLevel: number;
}

const settings: readonly Setting[] = [8, 9].flatMap((memLevel) =>
  [1, 2, 3, 4, 5, 6, 7, 8, 9].map((level) => ({ level, memLevel })),
);
const nodesOwn: Setting = { level: 6, memLevel: 8 };

/** Time against size for each of deflate's levels: what lib/archive/format/deflate.ts has its two numbers from. */
export const levels: Benchmark = {
  figures: settings.map(nameOf),
  async run(effort) {
    const bodies = Array.from({ length: 16 }, (_, seed) => routerBatch(400, seed).body);
    const figures: Figure[] = [];
    for (const setting of settings) {
      const contest = { ours: deflateWith(bodies, setting), base: deflateWith(bodies, nodesOwn) };
      const { ours, ratios } = await samplePairs(contest, effort === 'quick' ? 20 : 300, 20);
      const size = sizeWith(bodies, setting);
      const percent = ((100 * size) / sizeWith(bodies, nodesOwn)).toFixed(1);
      const raw = bodies.reduce((sum, body) => sum + body.length, 0);
      figures.push(
        unlimited({
          name: nameOf(setting),
          value: median(ratios),
          unit: 'x time',
          remark: `${median(ours).toFixed(3)} ms, ${percent} % of the size, ${(raw / size).toFixed(2)} to 1`,
        }),
      );
    }
    return figures;
  },
};

function nameOf({ level, memLevel }: Setting): string {
  return `level-${level}-memory-${memLevel}`;
}

function deflateWith(bodies: readonly Buffer[], setting: ZlibOptions): () => Promise<number> {
  const body = cycle(bodies);
  return () => timed(() => deflateRawSync(body(), setting));
}

function sizeWith(bodies: readonly Buffer[], setting: ZlibOptions): number {
  return bodies.reduce((sum, body) => sum + deflateRawSync(body, setting).length, 0);
}
