import { createHash } from 'node:crypto';
import type { AppName } from '../drains/app-name.ts';
import { InflateError, inflateCapped } from './inflate.ts';
import { type Problem, readObjects, type StoredMember, type TimeRange } from './read-objects.ts';
import type { ArchiveReader } from './store.ts';

/** A batch of the archive, inflated. */
export interface ReadBatch {
  readonly kind: 'batch';
  readonly member: StoredMember;
  /** Its frames exactly as received. */
  readonly raw: Buffer;
}

/**
 * How far apart two members of one batch can be and still be seen as one. Their epochs are normally equal;
 * they differ where a batch has no valid time, by the seconds between a sender's tries.
 */
const windowMs = 2 * 60 * 1000;
/** How long a uuid is remembered: an object spans an hour, so a copy of a member can turn up that late. */
const rememberedMs = 60 * 60 * 1000;
/** Members are let go in steps, so that a step's work is small beside what it looks through. */
const stepMs = windowMs / 4;
/** The receiver takes bodies up to 16 MiB; what says that it inflates to more is no batch. */
const maxRawBytes = 64 * 1024 * 1024;

/**
 * Every batch of the objects that can hold messages of the range, once, ordered by (epoch, uuid), and the
 * problems met. Tries of one batch count as one: the one shown declares the most messages lost.
 *
 * Holds back the stored members of {@link windowMs}, never those of the range, and inflates one at a time.
 * Throws `StoreError` where the store fails as a whole.
 */
export async function* readBatches(
  reader: ArchiveReader,
  app: AppName,
  range: TimeRange,
): AsyncGenerator<ReadBatch | Problem> {
  const held = new HeldMembers();
  let released = Number.NEGATIVE_INFINITY;
  for await (const item of readObjects(reader, app, range)) {
    if (item.kind === 'problem') {
      yield item;
      continue;
    }
    // Invariant: an object's key is its first member's, and objects come in the order of their keys. So
    // every member up to this object's epoch is held, and with it every try of a batch a window before it.
    const before = item.epochMs - windowMs;
    if (before >= released + stepMs) {
      yield* showAll(held.release(before));
      released = before;
    }
    for (const member of item.members) held.add(member);
  }
  yield* showAll(held.release(Number.POSITIVE_INFINITY));
}

/** Members that wait for tries and copies of the same batch to turn up. */
class HeldMembers {
  #members: StoredMember[] = [];
  readonly #byBatch = new Map<string, StoredMember[]>();
  /** When each uuid was shown: in the order of showing, which is the order of epochs. */
  readonly #shown = new Map<string, number>();

  add(member: StoredMember): void {
    this.#members.push(member);
    const batch = batchOf(member);
    const tries = this.#byBatch.get(batch);
    if (tries === undefined) this.#byBatch.set(batch, [member]);
    else tries.push(member);
  }

  /** The batches that begin before `epochMs`, in order: each as its tries, the one to show first in front. */
  *release(epochMs: number): Generator<readonly StoredMember[]> {
    const ready = this.#members.filter((member) => member.epochMs < epochMs).sort(byEpochAndUuid);
    const taken = new Set<StoredMember>();
    for (const member of ready) {
      if (taken.has(member)) continue;
      const tries = this.#takeTries(member);
      for (const each of tries) taken.add(each);
      if (!this.#remember(tries, member.epochMs)) yield tries.sort(byLossDeclared);
    }
    this.#members = this.#members.filter((member) => !taken.has(member));
    this.#forget(epochMs - rememberedMs);
  }

  /** Takes out the members that are tries of this one's batch. None of them is earlier than it. */
  #takeTries(first: StoredMember): StoredMember[] {
    const batch = batchOf(first);
    const tries: StoredMember[] = [];
    const others: StoredMember[] = [];
    for (const member of this.#byBatch.get(batch) ?? []) {
      (member.epochMs - first.epochMs <= windowMs ? tries : others).push(member);
    }
    if (others.length === 0) this.#byBatch.delete(batch);
    else this.#byBatch.set(batch, others);
    return tries;
  }

  /** Whether one of these was shown before; from now on all of them were. */
  #remember(tries: readonly StoredMember[], epochMs: number): boolean {
    let known = false;
    for (const { header } of tries) {
      const shownAt = this.#shown.get(header.uuid);
      if (shownAt !== undefined && epochMs - shownAt <= rememberedMs) {
        known = true;
        continue;
      }
      this.#shown.delete(header.uuid);
      this.#shown.set(header.uuid, epochMs);
    }
    return known;
  }

  #forget(before: number): void {
    for (const [uuid, epochMs] of this.#shown) {
      if (epochMs >= before) return;
      this.#shown.delete(uuid);
    }
  }
}

/** Identifiers in a header are cut at 256 bytes: one that is as long may be two different ones. */
const certainIdBytes = 250;

/**
 * What the tries of one batch share: drain token, frame id (else request id) and payload. A batch with
 * neither id shares with nobody but its own copies.
 */
function batchOf({ header }: StoredMember): string {
  const { token = '', payload, uuid } = header;
  const id = header.frame || header.request || '';
  if (id === '' || Buffer.byteLength(id) > certainIdBytes) return uuid;
  return JSON.stringify([token, id, payload]);
}

function byEpochAndUuid(a: StoredMember, b: StoredMember): number {
  return a.epochMs - b.epochMs || compareText(a.header.uuid, b.header.uuid);
}

/** Of a re-rendered loss notice, the largest count is the one that holds. */
function byLossDeclared(a: StoredMember, b: StoredMember): number {
  return lossDeclared(b) - lossDeclared(a) || byEpochAndUuid(a, b);
}

function lossDeclared({ header }: StoredMember): number {
  return Object.values(header.losses ?? {}).reduce((sum, lost) => sum + lost, 0);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

async function* showAll(batches: Iterable<readonly StoredMember[]>): AsyncGenerator<ReadBatch | Problem> {
  for (const tries of batches) yield* show(tries);
}

/** The first of these members that is whole; if none is, the first that can be shown at all. */
async function* show(tries: readonly StoredMember[]): AsyncGenerator<ReadBatch | Problem> {
  let best: ReadBatch | undefined;
  for (const member of tries) {
    const { raw, why } = await inflate(member);
    if (raw !== undefined && (why === undefined || best === undefined)) best = { kind: 'batch', member, raw };
    if (why === undefined) break;
    yield { kind: 'problem', key: member.key, problem: 'damaged', why: `member at byte ${member.offset}: ${why}` };
  }
  if (best !== undefined) yield best;
}

async function inflate({ bytes, header }: StoredMember): Promise<{ raw?: Buffer; why?: string }> {
  let raw: Buffer;
  try {
    raw = await inflateCapped(bytes, maxRawBytes);
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    return { why: `can't be inflated: ${error.code}` };
  }
  const sha256 = createHash('sha256').update(raw).digest('hex');
  return sha256 === header.sha256 ? { raw } : { raw, why: "its content has not its batch header's SHA-256" };
}
