import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { ArchiveWriter } from '../../lib/archive/store/store.ts';
import type { SegmentArchiver } from '../../lib/spool/journal/archive-segment.ts';
import { DirectorySegments } from '../../lib/spool/journal/journal-segments.ts';
import type { SpooledMember, SpoolWriter } from '../../lib/spool/spool.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { RecordingJournalFiles } from './recording-journal-files.ts';
import { uuids, walk } from './spooled.ts';

/** Puts with nobody to give up. */
export function put(
  journal: SpoolWriter,
  spooled: SpooledMember,
  signal = new AbortController().signal,
): Promise<void> {
  return journal.put(spooled, signal);
}

/** The uuids in the spool, segment by segment. */
export async function heldIn(directory: string): Promise<string[][]> {
  const names = (await readdir(directory)).sort();
  return Promise.all(names.map(async (name) => uuids(await walk(await readFile(join(directory, name))))));
}

/** Lets everything run on that can. */
export const turn = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Where a journal is tried: its directory does not exist yet, nor does the one above it. */
export interface JournalScene {
  readonly root: string;
  readonly directory: string;
  readonly files: RecordingJournalFiles;
}

export async function makeJournalScene(): Promise<JournalScene> {
  const root = await mkdtemp(join(tmpdir(), 'cistern-'));
  return { root, directory: join(root, 'data/spool'), files: new RecordingJournalFiles() };
}

/** Removes it. Fails where a journal did two things at once. */
export async function endJournalScene({ root, files }: JournalScene): Promise<void> {
  await rm(root, { recursive: true });
  expect(files.mostAtOnce, 'nothing is done while something else is under way').toBeLessThanOrEqual(1);
}

/** What brings segments of `directory` into `store`; what it says goes to `logged`. */
export function segmentArchiver(directory: string, store: ArchiveWriter, logged: string[]): SegmentArchiver {
  const log = (message: string) => void logged.push(message);
  return {
    segments: new DirectorySegments(directory),
    store,
    ledger: new MemoryLedger(),
    counters: { record: () => undefined },
    log: { info: log, warn: log, error: log },
    maxObjectBytes: 16 * 1024 * 1024,
  };
}
