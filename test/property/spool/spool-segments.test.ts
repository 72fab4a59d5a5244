import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { archiveSegment } from '../../../lib/spool/journal/archive-segment.ts';
import { DirectorySegments } from '../../../lib/spool/journal/journal-segments.ts';
import type { SpooledMember } from '../../../lib/spool/spool.ts';
import { readBack, texts } from '../../support/batches.ts';
import { MemoryArchive } from '../../support/memory-archive.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { entryOf, spooledBatch, uuidOf, uuids, walk } from '../../support/spooled.ts';

const noon = Date.UTC(2026, 10, 21, 12);
const name = '1795294367822-00000000000000aa';
const known = 12;

let batches: SpooledMember[];
let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cistern-'));
  batches = await Promise.all(
    Array.from({ length: known }, (_, i) =>
      spooledBatch(`${String(i).padStart(2, '0')}${'.'.repeat(i * 40)}`, noon + i * 600_000),
    ),
  );
});
afterAll(() => rm(directory, { recursive: true }));

/** A stretch of a segment: an entry as it was written, one that was damaged, or bytes of somebody else. */
type Stretch =
  | { readonly kind: 'entry'; readonly batch: number }
  | { readonly kind: 'damaged'; readonly batch: number; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'foreign'; readonly bytes: Uint8Array };

const batch = fc.nat({ max: known - 1 });
const stretch: fc.Arbitrary<Stretch> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('entry' as const), batch }) },
  fc.record({
    kind: fc.constant('damaged' as const),
    batch,
    at: fc.nat({ max: 10_000 }),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
  fc.record({
    kind: fc.constant('foreign' as const),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      fc.constantFrom('\n', 'cistern-spool 1 ', '\ncistern-spool 1 x 1 y\n').map((text) => Buffer.from(text)),
    ),
  }),
);

function bytesOf(each: Stretch): Buffer {
  if (each.kind === 'foreign') return Buffer.from(each.bytes);
  const spooled = batches[each.batch];
  if (spooled === undefined) throw new Error('there is no such batch');
  const entry = entryOf(spooled);
  if (each.kind === 'damaged')
    entry.set(each.bytes.subarray(0, entry.length), Math.max(0, (each.at % entry.length) - 40));
  return entry;
}

function wanted(stretches: readonly Stretch[]): string[] {
  return stretches.flatMap((each) => {
    const spooled = each.kind === 'entry' ? batches[each.batch] : undefined;
    return spooled === undefined ? [] : [uuidOf(spooled)];
  });
}

test('every undamaged entry is found, whatever stands between, and every byte is accounted for', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stretch, { maxLength: 12 }), fc.nat({ max: 3000 }), async (stretches, cut) => {
      const whole = Buffer.concat(stretches.map(bytesOf));
      const found = await walk(whole);
      expect(uuids(found)).toEqual(expect.arrayContaining(wanted(stretches)));
      const inBetween = found.flatMap((part) => (part.kind === 'member' ? [] : [part]));
      for (const part of inBetween) expect(part.bytes).toBeGreaterThan(0);

      // Cut anywhere, it throws nothing, and shows nothing that was not there.
      const torn = await walk(whole.subarray(0, cut % (whole.length + 1)));
      expect(uuids(found)).toEqual(expect.arrayContaining(uuids(torn)));
    }),
    { numRuns: 300 },
  );
});

test('archived, every undamaged entry is read once, all that is bad is set aside, and the segment is gone', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stretch, { maxLength: 10 }), async (stretches) => {
      await writeFile(join(directory, name), Buffer.concat(stretches.map(bytesOf)));
      const [store, ledger] = [new MemoryArchive(), new MemoryLedger()];
      const log = () => undefined;
      const result = await archiveSegment(
        {
          segments: new DirectorySegments(directory),
          store,
          ledger,
          counters: { record: log },
          log: { info: log, warn: log, error: log },
          maxObjectBytes: 2_000,
        },
        name,
        10_000,
      );
      expect(result).not.toHaveProperty('failure');
      expect(ledger.objects.size).toBe(result.setAside);
      const { messages, problems } = await readBack(store);
      expect(problems).toEqual([]);
      const read = texts({ messages, problems });
      expect(new Set(read).size).toBe(read.length);
      const undamaged = stretches.flatMap((each) => (each.kind === 'entry' ? [each.batch] : []));
      const numbers = read.map((text) => Number(text.slice(0, 2)));
      expect(numbers).toEqual(expect.arrayContaining(undamaged));
      expect(await readdir(directory)).toEqual([]);
    }),
    { numRuns: 100 },
  );
});
