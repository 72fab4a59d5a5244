/**
 * The archiver alone in a process: the events in a file, as Lambda parses them, into a store that keeps nothing.
 * Answers `memory` with the peaks of resident memory while it archives the first and while it archives all of them, over
 * what the process has with their texts; and `time` with the processor's time for the next event.
 * `node --import count-zlib.ts archiver-process.ts FILE`
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { SQSEvent } from 'aws-lambda';
import { type Archiver, archiveMessages } from '../../lib/spool/sqs/archive-messages.ts';
import { queuedMessage } from '../../lib/spool/sqs/sqs-queue.ts';
import { MemoryLedger } from '../support/memory-ledger.ts';
import { silentLog } from '../support/receiver.ts';
import { zlibCalls } from './count-zlib.ts';

const [path = ''] = process.argv.slice(2);
const lines = readFileSync(path, 'latin1').trimEnd().split('\n');
let next = 0;
let stored = 0;
let largest = 0;
const archiver: Archiver = {
  store: {
    create: async (_key, body) => {
      stored += body.length;
      largest = Math.max(largest, body.length);
      return 'created';
    },
  },
  ledger: new MemoryLedger(),
  queue: { postpone: () => Promise.reject(new Error('a message was not archived')) },
  counters: { record: () => undefined },
  log: silentLog,
  maxObjectBytes: 16 * 1024 * 1024,
};

function parseEvent(line: string | undefined): SQSEvent {
  return JSON.parse(line ?? '');
}

/** As functions/archiver.ts does it. */
async function archive({ Records: records }: SQSEvent): Promise<void> {
  const left = await archiveMessages(archiver, records.map(queuedMessage), 60_000);
  if (left.length > 0) throw new Error(`${left.length} messages are left`);
}

/** Of all threads, in seconds: what else runs on the machine does not count. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function time() {
  const event = parseEvent(lines[next % lines.length]);
  next += 1;
  const bytes = stored;
  const cpu = processorSeconds();
  const started = performance.now();
  await archive(event);
  return {
    bytes: stored - bytes,
    cpuSeconds: processorSeconds() - cpu,
    seconds: (performance.now() - started) / 1000,
    zlibCalls: zlibCalls(),
  };
}

async function memory() {
  const [first, ...others] = lines.map(parseEvent);
  lines.length = 0;
  if (first === undefined) throw new Error('no event');
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  // proc(5), clear_refs: 5 resets the peak to what is resident now.
  writeFileSync('/proc/self/clear_refs', '5');
  const resident = kilobytes('VmRSS');
  await archive(first);
  const afterOne = kilobytes('VmHWM');
  for (const event of others) await archive(event);
  return {
    grownBytes: (afterOne - resident) * 1024,
    laterBytes: (kilobytes('VmHWM') - resident) * 1024,
    largestBytes: largest,
  };
}

process.on('message', (order) => {
  (order === 'time' ? time() : memory()).then(
    (done) => process.send?.(done),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});

function kilobytes(field: string): number {
  const status = readFileSync('/proc/self/status', 'latin1');
  return Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1]);
}
