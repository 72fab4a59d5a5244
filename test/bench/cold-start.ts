import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import * as z from 'zod';
import { bundleOptions } from '../../esbuild.config.ts';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { formatSecret } from '../../lib/drains/registry.ts';
import { type FakeAws, startFakeAws } from '../support/fake-aws.ts';
import { functionUrlEvent } from '../support/function-url-event.ts';
import { basic, sharedSecret } from '../support/receiver.ts';
import { benchDirectory } from './directories.ts';
import { atMost, type Benchmark, type Effort, type Figure, format, unlimited } from './figure.ts';
import { describePairs, median, quantile, samplePairs } from './pairs.ts';
import { BenchProcess } from './process.ts';
import { routerBatch } from './router-lines.ts';

/**
 * From the import of the receiver's bundle to its first handled event, against a bundle that only constructs an
 * S3 client, in one file: the event is one that needs no network. And, without a limit, to the first stored batch.
 */
export const coldStart: Benchmark = {
  figures: ['cold-start', 'cold-start-stored'],
  async run(effort) {
    const directory = benchDirectory();
    const aws = await startFakeAws();
    try {
      const receiver = await bundle('functions/receiver.ts', join(directory, 'receiver'));
      // In one file, so that what is measured against stays what it was.
      const s3Only = await bundle('test/bench/s3-only.ts', join(directory, 's3-only'), { splitting: false });
      return [await untilHandled(receiver, s3Only, aws, effort), await untilStored(receiver, aws, effort)];
    } finally {
      await aws.close();
    }
  },
};

async function bundle(entry: string, directory: string, options: BuildOptions = {}): Promise<string> {
  const outfile = join(directory, 'index.mjs');
  await build({ ...bundleOptions(join(import.meta.dirname, '../..', entry), outfile), ...options });
  return outfile;
}

async function untilHandled(receiver: string, s3Only: string, aws: FakeAws, effort: Effort): Promise<Figure> {
  const event = functionUrlEvent({ method: 'GET', path: '/' });
  const contest = {
    ours: () => startOnce(receiver, aws, event, 405),
    base: () => startOnce(s3Only, aws, event, 405),
  };
  const pairs = await samplePairs(contest, effort === 'quick' ? 20 : 60, 2);
  const value = median(pairs.ratios);
  return atMost(1.25, { name: 'cold-start', value, unit: 'x', remark: describePairs(pairs, 'ms') });
}

async function untilStored(receiver: string, aws: FakeAws, effort: Effort): Promise<Figure> {
  const value = formatSecret({ sha256: hashSecret(sharedSecret) });
  aws.ssm.parameters.set(`/cistern/${stage}/drains/secrets/bench`, { type: 'SecureString', value });
  const times: number[] = [];
  for (let i = 0; i < (effort === 'quick' ? 5 : 20); i += 1) {
    const { body } = routerBatch(400, i, Date.now());
    const headers = {
      authorization: basic('drain', sharedSecret),
      'content-type': 'application/logplex-1',
      'logplex-msg-count': '400',
    };
    times.push(await startOnce(receiver, aws, functionUrlEvent({ body, headers }), 200));
  }
  const remark = `middle half of ${times.length} starts ${format(quantile(times, 0.25))} to ${format(quantile(times, 0.75))}`;
  return unlimited({ name: 'cold-start-stored', value: median(times), unit: 'ms', remark });
}

const stage = 'bench';
const report = z.object({ ms: z.number(), statusCode: z.number() });

async function startOnce(
  bundlePath: string,
  aws: FakeAws,
  event: unknown,
  expected: number,
): Promise<number> {
  const eventPath = join(dirname(bundlePath), 'event.json');
  await writeFile(eventPath, JSON.stringify(event));
  const child = new BenchProcess('test/bench/cold-start-process.ts', [bundlePath, eventPath], {
    env: {
      ...aws.env(),
      CISTERN_STAGE: stage,
      CISTERN_BUCKET: aws.s3.bucket,
      CISTERN_QUEUE_URL: aws.sqs.queueUrl,
      CISTERN_DELIVERY: 'direct',
    },
  });
  const { ms, statusCode } = report.parse(await child.message());
  await child.stop();
  if (statusCode !== expected) throw new Error(`the handler answered ${statusCode}, not ${expected}`);
  return ms;
}
