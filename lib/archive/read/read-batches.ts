import { createHash } from 'node:crypto';
import type { AppName } from '../../drains/app-name.ts';
import { inspectBatch } from '../../logplex/batch.ts';
import { visitFrames } from '../../logplex/frames.ts';
import type { BatchHeader } from '../format/batch-header.ts';
import { InflateError, inflateCapped, inflateDamaged } from '../format/inflate.ts';
import { dataOf, untrimmedDataOf } from '../format/member.ts';
import type { ArchiveReader } from '../store/store.ts';
import { type Problem, readObjects, type StoredMember, type TimeRange } from './read-objects.ts';
import { type ReleasedBatch, RetryWindow, windowMs } from './retry-window.ts';

/** A batch of the archive, inflated. */
export interface ReadBatch {
  readonly kind: 'batch';
  readonly member: StoredMember;
  /** Its frames exactly as received; only the loss notices in front where the others were shown before. */
  readonly raw: Buffer;
  /** Its frames are not exactly as received: why. */
  readonly damage?: string;
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
  const held = new RetryWindow();
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

/** The first of these members that is whole; if none is, the one of which the most can be read. */
async function* show(tries: readonly StoredMember[]): AsyncGenerator<ReadBatch | Problem> {
  let best: ReadBatch | undefined;
  for (const member of tries) {
    const { raw, damage, problem } = await inflate(member);
    if (problem !== undefined) {
      const why = `member at byte ${member.offset}: ${problem}`;
      yield { kind: 'problem', key: member.key, problem: 'damaged', why };
    }
    if (raw === undefined) continue;
    if (damage === undefined) {
      best = { kind: 'batch', member, raw };
      break;
    }
    if (raw.length > (best?.raw.length ?? 0)) best = { kind: 'batch', member, raw, damage };
  }
  if (best !== undefined) yield best;
}

interface Inflated {
  readonly raw?: Buffer;
  /** Why `raw` is not what was received. */
  readonly damage?: string;
  /** What to tell of the member. */
  readonly problem?: string;
}

async function inflate(member: StoredMember): Promise<Inflated> {
  const { bytes, header, isRecovered } = member;
  let raw: Buffer;
  let fault: string | undefined;
  try {
    raw = isRecovered
      ? await inflateDamaged(untrimmedDataOf(bytes), maxRawBytes)
      : await inflateCapped(bytes, maxRawBytes);
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    if (error.code === 'over the cap') return { problem: `can't be inflated: ${error.code}` };
    fault = error.code;
    raw = await inflateDamaged(dataOf(bytes), maxRawBytes);
  }
  if (createHash('sha256').update(raw).digest('hex') !== header.sha256) {
    const damage = describeDamage(header, raw);
    return { raw, damage, problem: damage };
  }
  return fault === undefined ? { raw } : { raw, problem: `its content is whole, but not as gzip: ${fault}` };
}

function describeDamage(header: BatchHeader, raw: Buffer): string {
  // Of a malformed batch only guessing tells the messages apart.
  const wellFormed = header.malformed === undefined;
  const messages = wellFormed ? visitFrames(raw, () => undefined).frames : inspectBatch(raw, 0).messages;
  const missing = [
    { count: header.bytes - raw.length, of: `of ${header.bytes} bytes` },
    { count: header.found - messages, of: `of ${header.found} messages` },
  ].filter(({ count }) => count > 0);
  const lost = missing.map(({ count, of }) => `${count} ${of}`).join(' and ');
  const differs = "its content has not its batch header's SHA-256";
  return lost === '' ? differs : `${differs}: ${lost} are missing`;
}
