import { once } from 'node:events';
import { createServer } from 'node:net';
import * as z from 'zod';
import { createS3Client, S3Store } from '../../lib/archive/store/aws/s3-store.ts';
import type { ArchiveWriter } from '../../lib/archive/store/store.ts';
import { CachedRegistry } from '../../lib/drains/cached-registry.ts';
import { Delivery, type DeliveryMode } from '../../lib/receiver/delivery.ts';
import type { Receiver } from '../../lib/receiver/receive.ts';
import { createSqsClient, SqsSpool } from '../../lib/spool/sqs/sqs-spool.ts';
import { silentLog, testParameters } from '../support/receiver.ts';
import { atMost, type Benchmark, type Figure, format } from './figure.ts';
import { cycle, describePairs, median, quantile, samplePairs, timed } from './pairs.ts';
import { BenchProcess } from './process.ts';
import { functionUrlEventOf, handle } from './receive.ts';
import { routerBatch } from './router-lines.ts';

/** What store and spool take to answer, both of them. */
const delayMs = 8;
const ports = z.object({ port: z.number(), silentPort: z.number() });
type Ports = z.output<typeof ports>;

/** From a function URL's event to its answer: `buffered` against `direct`, with the same latency for both. */
export const acknowledgement: Benchmark = {
  figures: ['ack-buffered', 'ack-buffered-p99'],
  run: (effort) =>
    withAws(async ({ port }) => {
      const direct = new TimedReceiver('direct', port, port);
      const buffered = new TimedReceiver('buffered', port, port);
      const contest = { ours: () => buffered.batch(), base: () => direct.batch() };
      const pairs = await samplePairs(contest, effort === 'quick' ? 400 : 2000, 50);
      return [
        atMost(1.1, {
          name: 'ack-buffered',
          value: median(pairs.ratios),
          unit: 'x',
          remark: describePairs(pairs, 'ms'),
        }),
        atMost(1.1, { name: 'ack-buffered-p99', ...compareTails(pairs.ours, pairs.base) }),
      ];
    }),
};

/**
 * Direct delivery while the store answers nothing, and while nobody listens where it was, against direct delivery to
 * a store that is well: the slowest hundredth, once the circuit has opened and without its probes.
 */
export const outage: Benchmark = {
  figures: ['outage-hanging-p99', 'outage-refusing-p99', 'outage-unacknowledged'],
  run: (effort) =>
    withAws(async ({ port, silentPort }) => {
      const well = new TimedReceiver('direct', port, port);
      const away = [
        { name: 'outage-hanging-p99', receiver: new TimedReceiver('direct', silentPort, port) },
        { name: 'outage-refusing-p99', receiver: new TimedReceiver('direct', await closedPort(), port) },
      ];
      let unacknowledged = 0;
      for (const { receiver } of away) {
        while (!receiver.avoidsStore) await receiver.batch().catch(() => (unacknowledged += 1));
      }
      const normal: number[] = [];
      const others = away.map(({ name, receiver }) => ({ name, receiver, times: [] as number[], probes: 0 }));
      for (let round = -50; round < (effort === 'quick' ? 300 : 3000); round += 1) {
        const base = await well.batch();
        if (round >= 0) normal.push(base);
        for (const other of others) {
          const attempts = other.receiver.storeAttempts;
          const ms = await other.receiver.batch().catch(() => (unacknowledged += 1));
          if (other.receiver.storeAttempts > attempts) other.probes += 1;
          else if (round >= 0) other.times.push(ms);
        }
      }
      return [
        ...others.map(({ name, times, probes }): Figure => {
          const compared = compareTails(times, normal);
          return atMost(1.5, { name, ...compared, remark: `${compared.remark}; ${probes} probes apart` });
        }),
        atMost(0, {
          name: 'outage-unacknowledged',
          value: unacknowledged,
          unit: 'batches',
          remark: 'the first ones and the probes too',
        }),
      ];
    }),
};

async function withAws<T>(measure: (at: Ports) => Promise<T>): Promise<T> {
  const process = new BenchProcess('test/bench/aws-process.ts', [String(delayMs)]);
  try {
    return await measure(ports.parse(await process.message()));
  } finally {
    await process.stop();
  }
}

/** The receiver of functions/receiver.ts, with S3 and SQS on ports of this machine. */
class TimedReceiver {
  avoidsStore = false;
  /** Requests to the store. */
  storeAttempts = 0;
  readonly #receiver: Receiver;
  readonly #event = cycle(
    Array.from({ length: 16 }, (_, seed) => functionUrlEventOf(routerBatch(400, seed, Date.now()))),
  );

  constructor(mode: DeliveryMode, storePort: number, spoolPort: number) {
    const store = new S3Store(createS3Client(clientConfig(storePort)), 'bench');
    const counted: ArchiveWriter = {
      create: (key, body, signal) => {
        this.storeAttempts += 1;
        return store.create(key, body, signal);
      },
    };
    const { endpoint } = clientConfig(spoolPort);
    this.#receiver = {
      registry: new CachedRegistry(testParameters(), silentLog),
      delivery: new Delivery({
        mode,
        store: counted,
        spool: new SqsSpool(createSqsClient(clientConfig(spoolPort)), `${endpoint}/1/spool`),
        onSwitch: (_path, to) => {
          this.avoidsStore = to === 'opened';
        },
      }),
      counters: { record: () => undefined },
      log: silentLog,
    };
  }

  /** Milliseconds until one batch is acknowledged. Rejects when it is not. */
  batch(): Promise<number> {
    return timed(() => handle(this.#receiver, this.#event()));
  }
}

function clientConfig(port: number) {
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIAFAKEFAKEFAKEFAKE', secretAccessKey: 'fake' },
  };
}

/** A port that was free just now. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function compareTails(ours: readonly number[], base: readonly number[]) {
  const [mine, theirs] = [quantile(ours, 0.99), quantile(base, 0.99)];
  const remark = `${format(mine)} against ${format(theirs)} ms; medians ${format(median(ours))} and ${format(median(base))}`;
  return { value: mine / theirs, unit: 'x', remark };
}
