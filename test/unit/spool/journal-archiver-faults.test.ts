import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { JournalArchiver } from '../../../lib/spool/journal/journal-archiver.ts';
import { DirectorySegments } from '../../../lib/spool/journal/journal-segments.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { segmentOf, spooledBatch } from '../../support/spooled.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

test.each(['takeOver', 'closed'] as const)(
  'a spool that can not be read (%s) is told of, and archived when it can be',
  async (step) => {
    const directory = await mkdtemp(join(tmpdir(), 'cistern-'));
    await writeFile(join(directory, '1795294367822-00000000000000aa'), segmentOf(await spooledBatch('one')));
    const logged: string[] = [];
    const log = (message: string) => void logged.push(message);
    vi.spyOn(DirectorySegments.prototype, step).mockRejectedValueOnce(new Error('EIO'));
    const archiver = new JournalArchiver({
      segments: new DirectorySegments(directory),
      store: new MemoryArchive(),
      ledger: new MemoryLedger(),
      counters: { record: () => undefined },
      log: { info: log, warn: log, error: log },
      maxObjectBytes: 16 * 1024 * 1024,
      windowMs: 300_000,
    });
    archiver.wake();
    await vi.waitFor(() => expect(logged).toEqual([expect.stringContaining('stays in the spool')]));
    archiver.wake();
    await vi.waitFor(() => expect(logged.at(-1)).toBe('the spool can be archived again'));
    expect(await readdir(directory)).toEqual([]);
    await archiver.stop(0);
    await rm(directory, { recursive: true });
  },
);
