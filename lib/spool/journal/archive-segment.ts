import type { ArchiveWriter } from '../../archive/store/store.ts';
import type { Log } from '../../base/log.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Counters, Sample } from '../../metrics/counters.ts';
import { countArchived } from '../count-archived.ts';
import { isRefusal } from '../refusals.ts';
import { setAside } from '../set-aside.ts';
import {
  parseSegmentName,
  type Segment,
  type SegmentMember,
  type SegmentPart,
  type Segments,
} from './segment.ts';
import { storeSegment } from './store-segment.ts';

export interface SegmentArchiver {
  readonly segments: Segments;
  readonly store: ArchiveWriter;
  /** Where bad stretches are set aside. */
  readonly ledger: Ledger;
  readonly counters: Counters;
  readonly log: Log;
  readonly maxObjectBytes: number;
}

/** What became of a segment. */
export interface ArchivedSegment {
  /** Objects that are stored now, the members in them, and their bytes. */
  readonly objects: number;
  readonly members: number;
  readonly bytes: number;
  /** Bad stretches that are set aside, and gone with the segment. */
  readonly setAside: number;
  /** Why it stays, to be tried again; undefined where it is done and gone. */
  readonly failure?: Error;
}

type BadStretch = SegmentPart & { readonly kind: 'bad' };

/** Bytes of a bad stretch that are set aside as one: base64 in JSON, so several times that in memory. */
const setAsideBytes = 8 * 1024 * 1024;

/**
 * Brings the members of a closed segment into the archive within about `budgetMs`, and removes it when every one of
 * them is durable there, and all that is bad in it in the ledger.
 *
 * It may be killed at any point and run again: a segment never changes, so the same objects are made of it, and
 * those stored before are found to exist. Never rejects.
 */
export async function archiveSegment(
  archiver: SegmentArchiver,
  name: string,
  budgetMs: number,
): Promise<ArchivedSegment> {
  const nothing = { objects: 0, members: 0, bytes: 0, setAside: 0 };
  let segment: Segment | undefined;
  try {
    segment = await archiver.segments.open(name);
    if (segment === undefined) return nothing;
    return await archiveOpened(archiver, name, segment, performance.now() + budgetMs);
  } catch (cause) {
    return { ...nothing, failure: asError(cause) };
  } finally {
    // It was only read: what is archived is archived.
    await segment?.close().catch(() => undefined);
  }
}

async function archiveOpened(
  archiver: SegmentArchiver,
  name: string,
  segment: Segment,
  deadline: number,
): Promise<ArchivedSegment> {
  const { members, bad, torn } = await sort(segment.walk());
  const outcomes = await storeSegment(archiver, segment, members, deadline);
  const stored = outcomes.filter(({ failure }) => failure === undefined);
  const failed = outcomes.filter(({ failure }) => failure !== undefined);
  countArchived(archiver, { 'spool-age': Math.max(0, Date.now() - begunAt(name)) });
  const archived = {
    objects: stored.length,
    members: sum(stored, ({ object }) => object.members.length),
    bytes: sum(stored, ({ bytes }) => bytes),
    setAside: 0,
  };
  const failures = failed.flatMap(({ failure }) => failure ?? []);
  // A store that is away says more of the next segments than one that refuses some objects.
  const failure = failures.find((each) => !isRefusal(each)) ?? failures[0];
  if (failure !== undefined) {
    const left = sum(failed, ({ object }) => object.members.length + object.copies.length);
    countArchived(archiver, { 'left-in-spool': left });
    return { ...archived, failure };
  }
  try {
    const keys = await setAllAside(archiver, name, segment, bad);
    await archiver.segments.remove(name);
    tellUnusual(archiver, name, { bad, keys, torn });
  } catch (cause) {
    return { ...archived, failure: asError(cause) };
  }
  countArchived(archiver, {
    'archived-objects': archived.objects,
    'archived-members': archived.members,
    'archived-bytes': archived.bytes,
    'spool-copies': sum(stored, ({ object }) => object.copies.length),
    ...countBad(bad, members),
  });
  return { ...archived, setAside: bad.length };
}

/**
 * A group is written after the one before it is durable. So what stands before the last group was acknowledged, and is
 * damaged. The last group may have been under way when the power was cut; the disk writes its pages in any order.
 */
function countBad(bad: readonly BadStretch[], members: readonly SegmentMember[]): Sample['counts'] {
  const lastGroup = members.reduce((last, { group }) => Math.max(last, group), 0);
  const surely = bad.filter(({ offset }) => offset < lastGroup).length;
  const doubtful = bad.length - surely;
  return {
    ...(surely === 0 ? {} : { 'set-aside': surely }),
    ...(doubtful === 0 ? {} : { 'set-aside-doubtful': doubtful }),
  };
}

interface SortedParts {
  readonly members: SegmentMember[];
  readonly bad: BadStretch[];
  readonly torn: SegmentPart[];
}

async function sort(parts: AsyncIterable<SegmentPart>): Promise<SortedParts> {
  const sorted: SortedParts = { members: [], bad: [], torn: [] };
  for await (const part of parts) {
    if (part.kind === 'member') sorted.members.push(part);
    else if (part.kind === 'bad') sorted.bad.push(part);
    else sorted.torn.push(part);
  }
  return sorted;
}

interface Unusual extends Pick<SortedParts, 'bad' | 'torn'> {
  /** Where each bad stretch was set aside. */
  readonly keys: readonly string[];
}

function tellUnusual({ log }: SegmentArchiver, segment: string, { bad, keys, torn }: Unusual): void {
  for (const { offset, bytes } of torn) {
    log.warn('a segment ends in a part of an entry, which was never acknowledged', {
      segment,
      offset,
      bytes,
    });
  }
  for (const [index, { offset, bytes, why }] of bad.entries()) {
    log.error('a bad stretch of the spool was set aside', { segment, offset, bytes, key: keys[index], why });
  }
}

/** Resolves with the key of each one's beginning in the ledger. Throws `LedgerError`. */
async function setAllAside(
  { ledger }: SegmentArchiver,
  name: string,
  segment: Segment,
  bad: readonly BadStretch[],
): Promise<string[]> {
  const keys: string[] = [];
  for (const { offset, bytes, why } of bad) {
    let first: string | undefined;
    for (let at = offset; at < offset + bytes; at += setAsideBytes) {
      const piece = await segment.read([{ offset: at, bytes: Math.min(setAsideBytes, offset + bytes - at) }]);
      const key = await setAside(ledger, {
        // The same bytes have the same id, however often the segment is tried.
        id: `${name}-${at}`,
        text: piece.toString('base64'),
        encoding: 'base64',
        sentAt: begunAt(name),
        why,
      });
      first ??= key;
    }
    keys.push(first ?? '');
  }
  return keys;
}

function begunAt(name: string): number {
  return parseSegmentName(name)?.begunAt ?? 0;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function asError(cause: unknown): Error {
  return cause instanceof Error ? cause : new Error(String(cause));
}
