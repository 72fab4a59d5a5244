import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KeyParts, parseKey } from '../../../lib/archive/format/key.ts';
import type { SealedBatch } from '../../../lib/archive/format/seal.ts';
import { readBatches } from '../../../lib/archive/read/read-batches.ts';
import { frameMessages } from '../../../lib/logplex/frames.ts';
import { planObjects } from '../../../lib/spool/plan-objects.ts';
import { archiveOf, archiveOfObjects, readBack, seal, testApp, testToken } from '../../support/batches.ts';
import type { MemoryArchive } from '../../support/memory-archive.ts';
import { message, overflow } from '../../support/messages.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
/** Within a second of it an hour of the clock, and a day, end. */
const midnight = Date.parse('2026-11-22T00:00:00Z');

/** A batch as a drain sends it, each try of it within the 20 s that a sender takes over its three. */
const anyBatch = fc.record({
  at: fc.oneof(
    fc.integer({ min: -hour, max: hour }),
    fc.integer({ min: -10 * second, max: 10 * second }),
    fc.constantFrom(-hour, -1, 0, hour - 1),
  ),
  /** Without it, the time of receipt stands in: another one for each try. */
  timed: fc.boolean(),
  lines: fc.array(fc.integer({ min: -9 * minute, max: 9 * minute }), { maxLength: 3 }),
  frameId: fc.boolean(),
  tries: fc.array(
    fc.record({ afterMs: fc.integer({ min: 0, max: 20 * second }), lost: fc.nat({ max: 3 }) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
});
const anyBatches = fc.array(anyBatch, { minLength: 1, maxLength: 8 });
type AnyBatch = typeof anyBatch extends fc.Arbitrary<infer T> ? T : never;

/**
 * Every try of every batch, as the receiver would have sealed it. `received` is whether the tries of one batch came
 * in at once or one after the other.
 */
async function sealTries(
  batches: readonly AnyBatch[],
  received: 'at once' | 'in turn' = 'at once',
): Promise<SealedBatch[]> {
  return Promise.all(
    batches.flatMap(({ at, timed, lines, frameId, tries }, n) =>
      tries.map(({ afterMs, lost }) => {
        const time = midnight + at;
        const first = timed ? message(`batch ${n}`, time) : Buffer.from(`batch ${n}\n`);
        const rest = lines.map((line) => message(`line of ${n}`, time + line));
        // The sender renders its notice anew for each try; without an id nobody can know them for one batch.
        const notice = lost > 0 && frameId ? [overflow(lost, time)] : [];
        return seal(frameMessages([...notice, first, ...rest]), {
          token: testToken,
          ...(frameId ? { frameId: `frame ${n}` } : {}),
          receivedAt: received === 'at once' ? time : time + afterMs,
        });
      }),
    ),
  );
}

/** In which runs of the archiver a member is (redelivered, it is in several), and whether the store had it before. */
const anyPlace = fc.record({
  runs: fc.uniqueArray(fc.nat({ max: 3 }), { maxLength: 3 }),
  again: fc.boolean(),
  stored: fc.boolean(),
});
const anyPlaces = fc.array(anyPlace, { minLength: 24, maxLength: 24 });
type AnyPlace = typeof anyPlace extends fc.Arbitrary<infer T> ? T : never;

function partsOf({ key }: SealedBatch): KeyParts {
  const parts = parseKey(key);
  if (parts === undefined) throw new Error(`no key: ${key}`);
  return parts;
}

/** The archive after the runs; each member is in it at least once. */
function regroup(
  tries: readonly SealedBatch[],
  places: readonly AnyPlace[],
  maxBytes: number,
): MemoryArchive {
  const runs = Array.from({ length: 4 }, (): SealedBatch[] => []);
  const objects = new Map<string, Buffer>();
  for (const [n, sealed] of tries.entries()) {
    const place = places[n % places.length];
    for (const run of place?.runs ?? []) runs[run]?.push(sealed, ...(place?.again ? [sealed] : []));
    if (place?.stored === true || place?.runs.length === 0) objects.set(sealed.key, sealed.member);
  }
  for (const run of runs) {
    const planned = run.map((sealed) => ({ parts: partsOf(sealed), bytes: sealed.member.length, sealed }));
    for (const { key, members } of planObjects(planned, maxBytes)) {
      const bodies = members.map(({ sealed }) => sealed.member);
      const body = Buffer.concat(bodies);
      expect(gunzipSync(body)).toEqual(Buffer.concat(bodies.map((member) => gunzipSync(member))));
      // Create-only: whoever comes first.
      if (!objects.has(key)) objects.set(key, body);
    }
  }
  return archiveOfObjects([...objects].map(([key, body]) => ({ key, body })));
}

interface Shown {
  readonly epochMs: number;
  readonly uuid: string;
  readonly raw: string;
}

async function batchesOf(archive: MemoryArchive): Promise<Shown[]> {
  const shown: Shown[] = [];
  for await (const item of readBatches(archive, testApp, { since: 0 })) {
    if (item.kind === 'problem') throw new Error(item.why);
    const { epochMs, header } = item.member;
    shown.push({ epochMs, uuid: header.uuid, raw: item.raw.toString('latin1') });
  }
  return shown;
}

const maxBytes = fc.constantFrom(1, 600, 1_500, 1_000_000);

test('however members are grouped, regrouped and repeated: the same batches, in the same order', async () => {
  await fc.assert(
    fc.asyncProperty(anyBatches, anyPlaces, maxBytes, async (batches, places, max) => {
      const tries = await sealTries(batches);
      const regrouped = regroup(tries, places, max);
      const shown = await batchesOf(regrouped);
      expect(shown).toEqual(await batchesOf(archiveOf(...tries)));
      expect(shown).toHaveLength(batches.length);
    }),
    { numRuns: 300 },
  );
});

test('also where each try of a batch without a time has another epoch; which one is shown, nobody knows', async () => {
  await fc.assert(
    fc.asyncProperty(anyBatches, anyPlaces, maxBytes, async (batches, places, max) => {
      const tries = await sealTries(batches, 'in turn');
      const shown = await batchesOf(regroup(tries, places, max));
      const byUuid = (all: readonly Shown[]) => all.map(({ uuid, raw }) => `${uuid} ${raw}`).sort();
      expect(byUuid(shown)).toEqual(byUuid(await batchesOf(archiveOf(...tries))));
      for (const { epochMs, uuid } of shown) {
        expect(tries.map(partsOf)).toContainEqual({ app: testApp, epochMs, uuid });
      }
    }),
    { numRuns: 300 },
  );
});

test('and any range has the same messages, each once', async () => {
  const edge = fc.oneof(
    fc.integer({ min: -2 * hour, max: 2 * hour }),
    fc.integer({ min: -10 * second, max: 10 * second }),
  );
  await fc.assert(
    fc.asyncProperty(anyBatches, anyPlaces, maxBytes, edge, edge, async (batches, places, max, a, b) => {
      const tries = await sealTries(batches);
      const range = { since: midnight + Math.min(a, b), until: midnight + Math.max(a, b) };
      const shown = async (archive: MemoryArchive) => {
        const { messages, problems } = await readBack(archive, range);
        expect(problems).toEqual([]);
        return messages.map(
          ({ time, member, bytes }) => `${time} ${member.uuid} ${bytes.toString('latin1')}`,
        );
      };
      expect(await shown(regroup(tries, places, max))).toEqual(await shown(archiveOf(...tries)));
    }),
    { numRuns: 300 },
  );
});
