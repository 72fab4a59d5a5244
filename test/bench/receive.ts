import { hash } from 'node:crypto';
import { crc32, deflateRawSync } from 'node:zlib';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { CachedRegistry } from '../../lib/drains/cached-registry.ts';
import { type Receiver, receive } from '../../lib/receiver/receive.ts';
import { directDelivery } from '../support/delivery.ts';
import { functionUrlEvent } from '../support/function-url-event.ts';
import { basic, sharedSecret, silentLog, testParameters } from '../support/receiver.ts';
import { atMost, type Benchmark, type Effort } from './figure.ts';
import { cycle, describePairs, median, samplePairs, timed } from './pairs.ts';
import { type BenchBatch, routerBatch, routerBatchOfSize } from './router-lines.ts';

/** From a function URL's event to the store's call, against what can't be left out: deflate, SHA-256, CRC-32. */
export const receiveSmall: Benchmark = benchmark(
  'receive-100KiB',
  16,
  (seed) => routerBatch(400, seed, Date.now()),
  { quick: 200, full: 1000 },
);

export const receiveLarge: Benchmark = benchmark(
  'receive-4MB',
  3,
  (seed) => routerBatchOfSize(4_000_000, seed, Date.now()),
  { quick: 10, full: 60 },
);

function benchmark(
  name: string,
  count: number,
  make: (seed: number) => BenchBatch,
  pairCounts: Readonly<Record<Effort, number>>,
): Benchmark {
  return {
    figures: [name],
    async run(effort) {
      const batches = Array.from({ length: count }, (_, seed) => make(seed));
      const receiver = fakedReceiver();
      const event = cycle(batches.map(functionUrlEventOf));
      const batch = cycle(batches);
      const contest = {
        ours: () => timed(() => handle(receiver, event())),
        base: () => timed(() => leastWork(batch().body)),
      };
      const pairs = await samplePairs(contest, pairCounts[effort], Math.ceil(pairCounts[effort] / 10));
      return [
        atMost(1.1, { name, value: median(pairs.ratios), unit: 'x', remark: describePairs(pairs, 'ms') }),
      ];
    },
  };
}

function leastWork(body: Buffer): void {
  deflateRawSync(body, { level: 6 });
  hash('sha256', body, 'buffer');
  crc32(body);
}

export function functionUrlEventOf({ body, messages }: BenchBatch): LambdaFunctionURLEvent {
  const headers = {
    authorization: basic('drain', sharedSecret),
    'content-type': 'application/logplex-1',
    'logplex-msg-count': String(messages),
    'logplex-frame-id': '0123456789ABCDEF0123456789ABCDEF',
    'logplex-drain-token': 'd.0b5ff6ad-0000-4000-8000-000000000001',
  };
  // Parsed, as Lambda's runtime does it: its strings lie elsewhere in memory than those that Buffer makes.
  return JSON.parse(JSON.stringify(functionUrlEvent({ body, headers })));
}

/** As functions/receiver.ts does it. The answer is in the time as well. */
export async function handle(receiver: Receiver, event: LambdaFunctionURLEvent): Promise<void> {
  const { status } = await receive(receiver, {
    method: event.requestContext.http.method,
    path: event.rawPath,
    headers: event.headers,
    startedAt: Date.now(),
    body: async () => Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
  });
  if (status !== 200) throw new Error(`the receiver answered ${status}`);
}

function fakedReceiver(): Receiver {
  return {
    registry: new CachedRegistry(testParameters(), silentLog),
    delivery: directDelivery({ create: async () => 'created' }),
    counters: { record: () => undefined },
    log: silentLog,
  };
}
