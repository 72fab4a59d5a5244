import type { KeyParts } from '../../archive/format/key.ts';
import { BadMessageError, checkMember } from '../message.ts';
import { entryBytes, entryMark, maxHeadBytes, parseEntryHead } from '../segment-entry.ts';
import type { SegmentPart } from './segment.ts';

/** The bytes of a segment. */
export interface SegmentBytes {
  readonly size: number;
  /** `bytes` bytes from `offset` on, fewer only at the end. They are good until the next call. */
  at(offset: number, bytes: number): Promise<Buffer>;
}

/**
 * Steps through a segment, checking each member. What is no entry is skipped up to the next one that checks out.
 * Rejects only when `source` does.
 */
export async function* walkSegment(source: SegmentBytes): AsyncGenerator<SegmentPart> {
  for (let offset = 0; offset < source.size; ) {
    const found = await entryAt(source, offset);
    if (found.kind === 'entry') {
      const { parts, at, bytes, sha256, group, end } = found;
      yield { kind: 'member', parts, offset: at, bytes, sha256, group };
      offset = end;
      continue;
    }
    const next =
      found.kind === 'bad' && found.end !== undefined ? found.end : await nextEntry(source, offset);
    const bytes = (next ?? source.size) - offset;
    // Where another entry follows, this one was no last one: its head is damaged.
    if (found.kind === 'torn' && next === undefined) yield { kind: 'torn', offset, bytes };
    else yield { kind: 'bad', offset, bytes, why: found.why };
    offset += bytes;
  }
}

type Found =
  /** `at`: where its member begins. */
  | {
      readonly kind: 'entry';
      readonly parts: KeyParts;
      readonly at: number;
      readonly bytes: number;
      readonly sha256: string;
      readonly group: number;
      readonly end: number;
    }
  | { readonly kind: 'torn'; readonly why: string }
  /** `end`: where it ends, if its head and what follows it agree on that. */
  | { readonly kind: 'bad'; readonly why: string; readonly end?: number };

async function entryAt(source: SegmentBytes, offset: number): Promise<Found> {
  const start = await source.at(offset, maxHeadBytes);
  const head = parseEntryHead(start);
  if (head === undefined) return withoutHead(start);
  const end = offset + entryBytes(head);
  if (end > source.size) return { kind: 'torn', why: 'its entry runs past the end' };
  const at = offset + head.headBytes;
  const rest = await source.at(at, head.bytes + 1 + entryMark.length);
  const follower = rest.toString('latin1', head.bytes);
  const framed = follower === '\n' || follower === `\n${entryMark}`;
  try {
    const { parts } = checkMember(head.key, head.sha256, rest.subarray(0, head.bytes));
    // Whatever became of the newline behind it: the member is whole.
    return { ...head, kind: 'entry', parts, at, end };
  } catch (error) {
    if (!(error instanceof BadMessageError)) throw error;
    return { kind: 'bad', why: error.message, ...(framed ? { end } : {}) };
  }
}

function withoutHead(start: Buffer): Found {
  const text = start.toString('latin1');
  const begun = text.startsWith(entryMark) || entryMark.startsWith(text);
  const endless = start.length < maxHeadBytes && !text.includes('\n');
  if (begun && endless) return { kind: 'torn', why: 'its head breaks off' };
  return { kind: 'bad', why: 'this is no entry of a spool' };
}

const mark = Buffer.from(entryMark);
const searchedBytes = 64 * 1024;

/** Where the next entry that checks out begins, behind the one at `offset`. */
async function nextEntry(source: SegmentBytes, offset: number): Promise<number | undefined> {
  for (let from: number | undefined = offset; from !== undefined; ) {
    from = await nextMark(source, from);
    if (from !== undefined && (await entryAt(source, from)).kind === 'entry') return from;
  }
  return undefined;
}

/** Where the next thing behind `offset` begins that looks like an entry. */
export async function nextMark(source: SegmentBytes, offset: number): Promise<number | undefined> {
  for (let from = offset + 1; from < source.size; ) {
    const searched = await source.at(from, searchedBytes);
    const index = searched.indexOf(mark);
    if (index >= 0) return from + index;
    if (from + searched.length >= source.size) return undefined;
    from += searched.length - mark.length + 1;
  }
  return undefined;
}
