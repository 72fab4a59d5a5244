import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CounterName } from '../../../lib/metrics/counters.ts';
import { archiveSegment } from '../../../lib/spool/journal/archive-segment.ts';
import { DirectorySegments } from '../../../lib/spool/journal/journal-segments.ts';
import { readBack, texts } from '../../support/batches.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { entryOf, spooledBatch } from '../../support/spooled.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const directory = temporaryDirectory();
const name = '1795294367822-0123456789abcdef';
const pageBytes = 256;

/** How many batches each group holds, the last one being under way when the power is cut. */
const groups = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });
/** Which pages of the last group reached the disk, and how much of it the file's size covers. */
const disk = fc.record({ pages: fc.array(fc.boolean(), { minLength: 16, maxLength: 16 }), size: fc.nat(16) });

async function archive(segment: Buffer) {
  const path = join(directory, name);
  await writeFile(path, segment);
  const counts: Partial<Record<CounterName, number>> = {};
  const [store, ledger] = [new MemoryArchive(), new MemoryLedger()];
  const archived = await archiveSegment(
    {
      segments: new DirectorySegments(directory),
      store,
      ledger,
      counters: { record: ({ counts: counted }) => void Object.assign(counts, counted) },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      maxObjectBytes: 1024 * 1024,
    },
    name,
    10_000,
  );
  await rm(path, { force: true });
  expect(archived.failure).toBeUndefined();
  return { counts, shown: texts(await readBack(store)), ledger };
}

async function segmentOfGroups(sizes: readonly number[]) {
  let segment = Buffer.alloc(0);
  const starts: number[] = [];
  const all: string[][] = [];
  let at = Date.UTC(2026, 10, 21, 12);
  for (const [n, size] of sizes.entries()) {
    const start = segment.length;
    const inGroup = Array.from({ length: size }, (_, i) => `batch ${n}.${i} x${'x'.repeat(i * 90)}`);
    for (const text of inGroup) {
      segment = Buffer.concat([segment, entryOf(await spooledBatch(text, at), start)]);
      at += 1;
    }
    starts.push(start);
    all.push(inGroup);
  }
  return { segment, lastStart: starts.at(-1) ?? 0, acknowledged: all.slice(0, -1).flat() };
}

test('a power cut while a group is written costs nothing that was acknowledged, and pages nobody', async () => {
  await fc.assert(
    fc.asyncProperty(groups, disk, async (sizes, { pages, size }) => {
      const { segment, lastStart, acknowledged } = await segmentOfGroups(sizes);
      const last = Buffer.from(segment.subarray(lastStart));
      for (let page = 0; page * pageBytes < last.length; page += 1) {
        if (pages[page % 16] === false)
          last.fill(0, page * pageBytes, Math.min(last.length, (page + 1) * pageBytes));
      }
      const cut = Buffer.concat([
        segment.subarray(0, lastStart),
        last.subarray(0, Math.ceil((last.length * size) / 16)),
      ]);

      const { counts, shown } = await archive(cut);

      expect(shown).toEqual(expect.arrayContaining(acknowledged));
      expect(counts['set-aside']).toBeUndefined();
    }),
    { numRuns: 200 },
  );
});

test('damage before the last group is told as damage, and what is damaged is kept', async () => {
  await fc.assert(
    fc.asyncProperty(groups, fc.nat(), async (sizes, where) => {
      const { segment, lastStart, acknowledged } = await segmentOfGroups(sizes);
      fc.pre(lastStart > 0);
      const at = where % lastStart;
      segment.writeUInt8(segment.readUInt8(at) ^ 1, at);

      const { counts, shown, ledger } = await archive(segment);

      const lost = acknowledged.filter((text) => !shown.includes(text));
      expect(lost.length).toBeLessThanOrEqual(1);
      expect(counts['set-aside'] ?? 0).toBe(lost.length);
      expect(ledger.objects.size).toBe(lost.length);
    }),
    { numRuns: 200 },
  );
});
