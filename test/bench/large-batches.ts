import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { RawConnection } from '../support/raw-connection.ts';
import { benchDirectory } from './directories.ts';
import { atMost, type Benchmark, type Figure, format } from './figure.ts';
import { requestHead } from './load.ts';
import { type BenchBatch, randomNumbers, routerBatch, routerBatchOfSize } from './router-lines.ts';
import { startServe } from './servers.ts';

/** About the largest body that fits into a function URL's 6 MB as base64. */
const bodyBytes = 4_500_000;

/**
 * `serve` under batches of 4.5 MB, one after the other on one connection: the peak of its memory over what it
 * had before them, in bodies, and the longest time that its event loop was blocked.
 */
export const largeBatches: readonly Benchmark[] = [
  benchmark('router', (seed) => routerBatchOfSize(bodyBytes, seed, Date.now())),
  benchmark('random', randomFrame),
  benchmark('one-byte', oneByteFrames),
];

const report = z.object({ resident: z.number(), peak: z.number(), blockedMs: z.number() });

function benchmark(kind: string, make: (seed: number) => BenchBatch): Benchmark {
  return {
    figures: [`memory-${kind}`, `loop-${kind}`],
    async run(effort) {
      const { port, process } = await startServe(benchDirectory(), { preload: 'test/bench/probe.ts' });
      const connection = await RawConnection.open(new URL(`http://127.0.0.1:${port}`));
      try {
        for (let seed = 0; seed < 20; seed += 1) await post(connection, routerBatch(400, seed, Date.now()));
        await sleep(500);
        const before = report.parse(await process.ask('reset'));
        const count = effort === 'quick' ? 6 : 20;
        for (let seed = 0; seed < count; seed += 1) await post(connection, make(seed));
        return describe(kind, count, before.resident, report.parse(await process.ask('report')));
      } finally {
        connection.socket.destroy();
        await process.stop();
      }
    },
  };
}

function describe(
  kind: string,
  count: number,
  idle: number,
  { peak, blockedMs }: z.output<typeof report>,
): Figure[] {
  const megabytes = (bytes: number) => `${format(bytes / 1e6)} MB`;
  return [
    atMost(5, {
      name: `memory-${kind}`,
      value: (peak - idle) / bodyBytes,
      unit: 'bodies',
      remark: `${count} batches: from ${megabytes(idle)} to ${megabytes(peak)}`,
    }),
    atMost(50, {
      name: `loop-${kind}`,
      value: blockedMs,
      unit: 'ms',
      remark: `the longest of ${count} batches`,
    }),
  ];
}

async function post(connection: RawConnection, { body, messages }: BenchBatch): Promise<void> {
  await connection.write(requestHead(body.length, messages));
  await connection.write(body);
  const { status } = await connection.answer();
  if (status !== 200) throw new Error(`serve answered ${status}`);
}

/** One frame that deflate can't make smaller. */
function randomFrame(seed: number): BenchBatch {
  const random = randomNumbers(seed);
  const message = Buffer.alloc(bodyBytes);
  for (let i = 0; i < message.length; i += 1) message[i] = random() * 256;
  return { body: Buffer.concat([Buffer.from(`${message.length} `), message]), messages: 1 };
}

function oneByteFrames(seed: number): BenchBatch {
  const frameBytes = 3;
  const messages = Math.floor(bodyBytes / frameBytes);
  const random = randomNumbers(seed);
  const body = Buffer.alloc(messages * frameBytes, '1 x');
  for (let i = 2; i < body.length; i += frameBytes) body[i] = random() * 256;
  return { body, messages };
}
