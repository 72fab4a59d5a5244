import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Creation } from '../../../lib/archive/store/store.ts';
import { archiveSegment, type SegmentArchiver } from '../../../lib/spool/journal/archive-segment.ts';
import { DirectorySegments } from '../../../lib/spool/journal/journal-segments.ts';
import type { Segment } from '../../../lib/spool/journal/segment.ts';
import { readBack, texts } from '../../support/batches.ts';
import { segmentArchiver } from '../../support/journal.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { entryOf, spooledBatch } from '../../support/spooled.ts';

const name = '1795294367822-00000000000000aa';
const noon = Date.UTC(2026, 10, 21, 12);

let directory: string;
let store: MemoryArchive;
let ledger: MemoryLedger;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cistern-'));
});
afterEach(() => rm(directory, { recursive: true }));

const archive = (changes: Partial<SegmentArchiver> = {}) =>
  archiveSegment({ ...segmentArchiver(directory, store, []), ledger, ...changes }, name, 1_500);

/** Thrown for every call after its process was killed. */
class KilledError extends Error {}

/** The archiver's surroundings for a process that is killed at its `step`th call: before or after its effect. */
function mortal(step: number, when: 'before' | 'after') {
  let calls = 0;
  const opens: Segment[] = [];
  const live = async <T>(call: () => Promise<T>): Promise<T> => {
    calls += 1;
    if (calls > step || (calls === step && when === 'before')) throw new KilledError('killed');
    const result = await call();
    if (calls >= step) throw new KilledError('killed');
    return result;
  };
  const segments = new DirectorySegments(directory);
  const parts: Partial<SegmentArchiver> = {
    store: { create: (...args): Promise<Creation> => live(() => store.create(...args)) },
    ledger: Object.assign(Object.create(ledger), {
      create: (...args: Parameters<MemoryLedger['create']>) => live(() => ledger.create(...args)),
    }),
    segments: {
      closed: () => live(() => segments.closed()),
      takeOver: (olderThanMs) => live(() => segments.takeOver(olderThanMs)),
      remove: (segment) => live(() => segments.remove(segment)),
      open: (segment) =>
        live(async () => {
          const opened = await segments.open(segment);
          if (opened === undefined) return undefined;
          opens.push(opened);
          const read: Segment['read'] = (stretches) => live(() => opened.read(stretches));
          return { walk: () => opened.walk(), read, close: () => opened.close() };
        }),
    },
  };
  return { parts, calls: () => calls, end: () => Promise.all(opens.map((each) => each.close())) };
}

test.each(['before', 'after'] as const)(
  'killed at any step, %s its effect, and run again: every batch is read once, what is bad is kept once',
  async (when) => {
    const [one, two, three] = await Promise.all([
      spooledBatch('one', noon),
      spooledBatch('two', noon + 1),
      spooledBatch('three', noon + 60 * 60 * 1000),
    ]);
    const bytes = Buffer.concat([
      entryOf(one),
      Buffer.from('foreign'),
      entryOf(two),
      entryOf(three),
      entryOf(one),
    ]);
    let steps = 0;
    for (let step = 1; ; step += 1) {
      store = new MemoryArchive();
      ledger = new MemoryLedger();
      await writeFile(join(directory, name), bytes);
      const { parts, calls, end } = mortal(step, when);
      // One step more than there are is no kill.
      await archive(parts);
      await end();
      if (calls() < step) break;
      steps = step;
      await archive();
      expect(texts(await readBack(store)), `killed at step ${step}`).toEqual(['one', 'two', 'three']);
      expect(ledger.objects.size, `killed at step ${step}`).toBe(1);
      expect(await readdir(directory), `killed at step ${step}`).toEqual([]);
    }
    expect(steps).toBeGreaterThan(6);
  },
);
