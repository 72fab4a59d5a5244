import { hash } from 'node:crypto';
import { type ArchiveWriter, type Creation, StoreError } from '../../archive/store/store.ts';
import { release } from '../../base/release-memory.ts';
import { type PlannedObject, planObjects } from '../plan-objects.ts';
import { isRefusal, Refusals } from '../refusals.ts';
import { type StoreOutcome, storeObjects } from '../store-objects.ts';
import type { Segment, SegmentMember } from './segment.ts';

export interface SegmentStore {
  readonly store: ArchiveWriter;
  readonly maxObjectBytes: number;
}

/**
 * Makes objects of the members of a segment until `deadline` (of `performance.now()`), and says of each whether it
 * is stored. Holds the bytes of about one of the largest objects at once, or of several small ones. Never rejects.
 */
export async function storeSegment(
  { store, maxObjectBytes }: SegmentStore,
  segment: Segment,
  members: readonly SegmentMember[],
  deadline: number,
): Promise<StoreOutcome<SegmentMember>[]> {
  const outcomes: StoreOutcome<SegmentMember>[] = [];
  const refusals = new Refusals();
  let away: Error | undefined;
  for (const objects of shares(planObjects(members, maxObjectBytes), maxObjectBytes)) {
    if (away !== undefined) {
      for (const object of objects) outcomes.push({ object, bytes: 0, failure: away });
      continue;
    }
    const bodies = new Bodies(store);
    const read = async ({ members: parts }: PlannedObject<SegmentMember>) =>
      bodies.add(checked(await segment.read(parts), parts));
    const budgetMs = deadline - performance.now();
    const some = await storeObjects({ store: bodies, objects, read, budgetMs, refusals });
    bodies.release();
    outcomes.push(...some);
    away = whyAway(some);
  }
  return outcomes;
}

/** The walk has checked every member, but what is stored was read once more since. */
function checked(body: Buffer, members: readonly SegmentMember[]): Buffer {
  let start = 0;
  for (const { bytes, sha256 } of members) {
    const end = start + bytes;
    if (hash('sha256', body.subarray(start, end)) !== sha256) {
      throw new Error('a member was read differently the second time: the segment stays, to be read again');
    }
    start = end;
  }
  return body;
}

/** Of a store that took nothing at all: what says that it is away, and would not take others either. */
function whyAway(outcomes: readonly StoreOutcome<SegmentMember>[]): Error | undefined {
  const failures = outcomes.flatMap(({ failure }) => failure ?? []);
  if (failures.length < outcomes.length) return undefined;
  return failures.find((failure) => failure instanceof StoreError && !isRefusal(failure));
}

/** A store that knows which bodies nobody reads any more: their memory need not wait for the garbage collector. */
class Bodies implements ArchiveWriter {
  readonly #store: ArchiveWriter;
  readonly #bodies: Buffer[] = [];
  #underWay = 0;

  constructor(store: ArchiveWriter) {
    this.#store = store;
  }

  add(body: Buffer): Buffer {
    this.#bodies.push(body);
    return body;
  }

  async create(...write: Parameters<ArchiveWriter['create']>): Promise<Creation> {
    this.#underWay += 1;
    try {
      return await this.#store.create(...write);
    } finally {
      this.#underWay -= 1;
    }
  }

  release(): void {
    // A write that was given up may still be reading.
    if (this.#store.releasable === true && this.#underWay === 0) this.#bodies.forEach(release);
  }
}

function shares<T extends SegmentMember>(
  objects: readonly PlannedObject<T>[],
  maxBytes: number,
): PlannedObject<T>[][] {
  const all: PlannedObject<T>[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const object of objects) {
    const own = object.members.reduce((sum, member) => sum + member.bytes, 0);
    if (bytes + own > maxBytes) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)?.push(object);
    bytes += own;
  }
  return all;
}
