import { statSync } from 'node:fs';
import { join } from 'node:path';
import { writeWithin } from '../../lib/archive/store/attempts.ts';
import type { ArchiveWriter } from '../../lib/archive/store/store.ts';
import { StoreError } from '../../lib/archive/store/store.ts';
import type { Config } from '../../lib/config/config.ts';
import { type Ledger, LedgerError } from '../../lib/ledger/ledger.ts';
import { archiveSegment, type SegmentArchiver } from '../../lib/spool/journal/archive-segment.ts';
import { DirectorySegments } from '../../lib/spool/journal/journal-segments.ts';
import { SegmentRefusals } from '../../lib/spool/journal/segment-refusals.ts';
import { CliError } from '../shared/errors.ts';
import { warn } from '../shared/output.ts';
import { stderrLog } from '../shared/stderr-log.ts';
import type { SpoolDrain } from './drain-stage.ts';
import type { DirectorySpool } from './target.ts';

const putMs = 60_000;
const segmentMs = 120_000;
/** Of a `serve` at work, which closes its own segments. */
const graceMs = 10_000;

/**
 * Archives the journal of a data directory here, also beside a `serve` that does the same: both make the same
 * objects of a segment. Throws {@link CliError} where it can't be told which archive is meant.
 */
export async function drainOfDirectory(
  { target: { data, bucket } }: DirectorySpool,
  ledger: Ledger,
  { archiver }: Pick<Config, 'archiver'>,
): Promise<SpoolDrain> {
  const store = await openStore(data, bucket);
  const segments = new DirectorySegments(join(data, 'spool'));
  const maxObjectBytes = archiver.maxObjectMiB * 1024 * 1024;
  const way = {
    segments,
    store,
    ledger,
    counters: { record: () => undefined },
    log: stderrLog,
    maxObjectBytes,
  };
  let olderThanMs = 0;
  let told = '';
  return {
    put: async ({ key, member }) => {
      const limits = { budgetMs: putMs, bytes: member.length };
      await writeWithin((signal) => store.create(key, member, signal), limits);
    },
    getMoving: async () => {
      await segments.takeOver(olderThanMs);
      // What waited at the start is closed by now.
      olderThanMs = archiver.windowSeconds * 1000 + graceMs;
      const failure = await archiveClosed(way);
      if (failure === undefined || failure.message === told) return;
      if (isFinal(failure)) throw failure;
      told = failure.message;
      warn(`not all could be archived; it stays in the spool, and is tried again: ${told}`);
    },
    afterwards: 'The rest stays in the spool, and `cistern serve` goes on trying.',
    ageLagMs: 0,
    looks: 1,
    pollMs: 500,
  };
}

/** Resolves with the first failure. */
async function archiveClosed(archiver: SegmentArchiver): Promise<Error | undefined> {
  const refusals = new SegmentRefusals();
  let first: Error | undefined;
  for (const name of await archiver.segments.closed()) {
    const archived = await archiveSegment(archiver, name, segmentMs);
    first ??= archived.failure;
    if (refusals.shouldStop(archived)) break;
  }
  return first;
}

function isFinal(failure: Error): boolean {
  return (failure instanceof StoreError || failure instanceof LedgerError) && !failure.retry;
}

async function openStore(data: string, bucket: string | undefined): Promise<ArchiveWriter> {
  if (bucket !== undefined) {
    const { createS3Client, S3Store } = await import('../../lib/archive/store/aws/s3-store.ts');
    return new S3Store(createS3Client(), bucket);
  }
  const directory = join(data, 'archive');
  // A `serve` that keeps its archive in a bucket makes none: what it spooled would land where nobody looks.
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CliError(
      `there is no archive in ${data}: if \`cistern serve\` keeps it in a bucket, pass --bucket NAME.`,
    );
  }
  const { DirectoryStore } = await import('../../lib/archive/store/directory/directory-store.ts');
  return new DirectoryStore(directory);
}
