import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { encodeMessage } from '../../lib/spool/message.ts';
import { benchDirectory } from './directories.ts';
import { atLeast, atMost, type Benchmark, type Effort, type Figure, format, unlimited } from './figure.ts';
import { median, quantile } from './pairs.ts';
import { BenchProcess } from './process.ts';
import { SpooledMembers } from './spooled-members.ts';

/** As many full batches as come into one event of 6 MB. */
const membersPerEvent = 200;
const eventCount = 20;

const timed = z.object({
  bytes: z.number(),
  cpuSeconds: z.number(),
  seconds: z.number(),
  zlibCalls: z.number(),
});
const grown = z.object({ grownBytes: z.number(), laterBytes: z.number(), largestBytes: z.number() });

/** Bytes of members from events to a store that keeps nothing, for each second of one core; and what it takes. */
export const archiver: Benchmark = {
  figures: ['archiver-speed', 'archiver-zlib', 'archiver-memory', 'archiver-garbage'],
  async run(effort) {
    const path = join(benchDirectory(), 'events');
    await writeFile(path, await makeEvents());
    return [...(await speed(path, effort)), ...(await memory(path, effort))];
  },
};

/** One event a line, of one app: the largest objects that an event can make. */
async function makeEvents(): Promise<string> {
  const members = await SpooledMembers.ofApps(1);
  const [app] = members.apps;
  if (app === undefined) throw new Error('no app');
  const startMs = Date.UTC(2026, 10, 20, 12);
  const events = Array.from({ length: eventCount }, (_, event) => {
    const records = Array.from({ length: membersPerEvent }, (_, record) => {
      const n = event * membersPerEvent + record;
      return {
        messageId: `message-${n}`,
        receiptHandle: `receipt-${n}`,
        body: encodeMessage(members.member(app, startMs + n, n)),
        attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(startMs + n) },
      };
    });
    return JSON.stringify({ Records: records });
  });
  return events.join('\n');
}

async function speed(path: string, effort: Effort): Promise<Figure[]> {
  const process = start(path);
  try {
    const runs: z.output<typeof timed>[] = [];
    const warmUps = 20;
    for (let n = 0; n < warmUps + (effort === 'quick' ? 80 : 400); n += 1) {
      const run = timed.parse(await process.ask('time'));
      if (n >= warmUps) runs.push(run);
    }
    const speeds = groupsOf(runs, 10).map((group) => sum(group, 'bytes') / 1e6 / sum(group, 'cpuSeconds'));
    const byClock = median(runs.map(({ bytes, seconds }) => bytes / 1e6 / seconds));
    const middle = `middle half ${format(quantile(speeds, 0.25))} to ${format(quantile(speeds, 0.75))}`;
    const remark = `of the processor's time, ${middle}; by the clock ${format(byClock)}`;
    const calls = runs.at(-1)?.zlibCalls ?? Number.NaN;
    return [
      atLeast(200, { name: 'archiver-speed', value: median(speeds), unit: 'MB/s', remark }),
      atMost(0, { name: 'archiver-zlib', value: calls, unit: 'calls', remark: `in ${runs.length} events` }),
    ];
  } finally {
    await process.stop();
  }
}

/** The worst of some fresh processes: for one event, and with what no collection has taken after more of them. */
async function memory(path: string, effort: Effort): Promise<Figure[]> {
  const ratios: number[] = [];
  const later: number[] = [];
  for (let n = 0; n < (effort === 'quick' ? 3 : 10); n += 1) {
    const process = start(path);
    const { grownBytes, laterBytes, largestBytes } = grown.parse(await process.ask('memory'));
    await process.stop();
    ratios.push(grownBytes / largestBytes);
    later.push(laterBytes / 1e6);
  }
  const remark = `the worst of ${ratios.length} processes; the least ${format(Math.min(...ratios))}`;
  return [
    atMost(3, { name: 'archiver-memory', value: Math.max(...ratios), unit: 'objects', remark }),
    unlimited({
      name: 'archiver-garbage',
      value: Math.max(...later),
      unit: 'MB',
      remark: `the peak of ${eventCount} events one after the other`,
    }),
  ];
}

function start(path: string): BenchProcess {
  return new BenchProcess('test/bench/archiver-process.ts', [path], { preload: 'test/bench/count-zlib.ts' });
}

function groupsOf<T>(values: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.floor(values.length / size) }, (_, n) =>
    values.slice(n * size, (n + 1) * size),
  );
}

function sum<Name extends string>(rows: readonly Readonly<Record<Name, number>>[], name: Name): number {
  return rows.reduce((total, row) => total + row[name], 0);
}
