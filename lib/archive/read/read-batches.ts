import { createHash } from 'node:crypto';
import type { AppName } from '../../drains/app-name.ts';
import { inspectBatch } from '../../logplex/batch.ts';
import { InflateError, inflateCapped } from '../format/inflate.ts';
import type { ArchiveReader } from '../store/store.ts';
import { type Problem, readObjects, type StoredMember, type TimeRange } from './read-objects.ts';
import { HeldMembers, type ReleasedBatch, windowMs } from './retry-window.ts';

/** A batch of the archive, inflated. */
export interface ReadBatch {
  readonly kind: 'batch';
  readonly member: StoredMember;
  /** Its frames exactly as received; only the loss notices in front where the others were shown before. */
  readonly raw: Buffer;
}

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

async function* showAll(batches: Iterable<ReleasedBatch>): AsyncGenerator<ReadBatch | Problem> {
  for (const { tries, noticesOnly } of batches) {
    for await (const item of show(tries)) {
      yield noticesOnly && item.kind === 'batch' ? { ...item, raw: noticesOf(item.raw) } : item;
    }
  }
}

function noticesOf(raw: Buffer): Buffer {
  return raw.subarray(0, inspectBatch(raw, 0).payloadStart);
}

/** The first of these members that is whole; if none is, the first that can be shown at all. */
async function* show(tries: readonly StoredMember[]): AsyncGenerator<ReadBatch | Problem> {
  let best: ReadBatch | undefined;
  for (const member of tries) {
    const { raw, why } = await inflate(member);
    if (raw !== undefined && (why === undefined || best === undefined)) best = { kind: 'batch', member, raw };
    if (why === undefined) break;
    yield {
      kind: 'problem',
      key: member.key,
      problem: 'damaged',
      why: `member at byte ${member.offset}: ${why}`,
    };
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
