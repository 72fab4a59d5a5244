import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { DirectoryStore } from '../../lib/archive/store/directory/directory-store.ts';
import type { ArchiveWriter } from '../../lib/archive/store/store.ts';
import { describeError } from '../../lib/base/errors.ts';
import type { Log } from '../../lib/base/log.ts';
import { DirectoryLedger } from '../../lib/ledger/directory/directory-ledger.ts';
import { JournalArchiver } from '../../lib/spool/journal/journal-archiver.ts';
import { DirectorySegments } from '../../lib/spool/journal/journal-segments.ts';
import type { ArchiverOrder, ArchiverReport, ArchiverSetup } from './archiver.ts';

/** The thread of `serve` in which its spool is archived: what that takes, no batch has to wait for. */
const { data, bucket, windowMs, maxObjectBytes }: ArchiverSetup = workerData;

const archiver = new JournalArchiver({
  segments: new DirectorySegments(join(data, 'spool')),
  store: await openStore(),
  ledger: new DirectoryLedger(join(data, 'ledger')),
  counters: { record: (sample) => report({ kind: 'sample', sample }) },
  log: log(),
  maxObjectBytes,
  windowMs,
});

parentPort?.on('message', (order: ArchiverOrder) => {
  if (order.kind === 'wake') archiver.wake();
  else void archiver.stop(order.withinMs).then((left) => report({ kind: 'stopped', left }));
});

async function openStore(): Promise<ArchiveWriter> {
  if (bucket === undefined) return new DirectoryStore(join(data, 'archive'));
  const { createS3Client, S3Store } = await import('../../lib/archive/store/aws/s3-store.ts');
  return new S3Store(createS3Client(), bucket);
}

function log(): Log {
  const write =
    (level: keyof Log): Log[keyof Log] =>
    (message, fields = {}) =>
      report({ kind: 'log', level, message, fields: sendable(fields) });
  return { info: write('info'), warn: write('warn'), error: write('error') };
}

/** An error would arrive without its code. */
function sendable(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error ? describeError(value) : value,
    ]),
  );
}

function report(message: ArchiverReport): void {
  parentPort?.postMessage(message);
}
