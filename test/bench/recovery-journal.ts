import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { walkMembers } from '../../lib/archive/format/member.ts';
import { startFakeAws } from '../support/fake-aws.ts';
import { benchDirectory } from './directories.ts';
import { atMost, type Benchmark, type Effort, format } from './figure.ts';
import { Load } from './load.ts';
import { startServe } from './servers.ts';

const batches = 10_000;
const connections = 8;

/** A quick run's batches are smaller, and its window is shorter: the limit is shorter by as much. */
const plans: Readonly<Record<Effort, { messages: number; windowSeconds: number }>> = {
  quick: { messages: 100, windowSeconds: 5 },
  full: { messages: 400, windowSeconds: 30 },
};

/**
 * How long 10,000 batches need from the journal of `serve` to a bucket that answered nothing, from when it answers
 * again. What is still written of the journal waits for the end of its window.
 */
export const recoveryJournal: Benchmark = {
  figures: ['recovery-journal'],
  async run(effort) {
    const { messages, windowSeconds } = plans[effort];
    const directory = benchDirectory();
    const config = join(directory, 'config.json');
    await writeFile(config, JSON.stringify({ archiver: { windowSeconds } }));
    const { s3, ...aws } = await startFakeAws();
    const args = ['--delivery', 'buffered', '--bucket', s3.bucket, '--config', config];
    const serve = await startServe(join(directory, 'serve'), { args, env: aws.env() });
    try {
      s3.always({ hang: true });
      const load = await Load.connect(serve.port, connections, messages);
      const started = performance.now();
      await load.post(batches);
      load.close();
      const spooledSeconds = (performance.now() - started) / 1000;
      s3.always(undefined);
      const recovered = performance.now();
      await archived(s3.objects);
      const value = (performance.now() - recovered) / 1000;
      const remark =
        `${batches} batches of ${messages} messages, all acknowledged, within ${format(spooledSeconds)} s; ` +
        `${s3.objects.size} objects; window ${windowSeconds} s`;
      const limit = 60 - (plans.full.windowSeconds - windowSeconds);
      return [atMost(limit, { name: 'recovery-journal', value, unit: 's', remark })];
    } finally {
      await serve.process.stop();
      await aws.close();
    }
  },
};

/** Resolves when every batch's member is in an object. */
async function archived(objects: ReadonlyMap<string, Buffer>): Promise<void> {
  const counted = new Map<string, number>();
  const deadline = performance.now() + 180_000;
  for (;;) {
    for (const [key, body] of objects) {
      if (key.startsWith('logs/my-app/') && !counted.has(key))
        counted.set(key, [...walkMembers(body)].length);
    }
    const members = [...counted.values()].reduce((sum, each) => sum + each, 0);
    if (members >= batches) return;
    if (performance.now() > deadline) throw new Error(`only ${members} of ${batches} batches were archived`);
    await sleep(50);
  }
}
