import type { KeyParts } from '../../lib/archive/format/key.ts';
import type { SegmentPart } from '../../lib/spool/journal/segment.ts';
import { walkSegment } from '../../lib/spool/journal/walk-segment.ts';
import { formatEntryHead } from '../../lib/spool/segment-entry.ts';
import type { SpooledMember } from '../../lib/spool/spool.ts';
import { seal, testApp } from './batches.ts';
import { batch, message } from './messages.ts';

const noon = Date.UTC(2026, 10, 21, 12);

/** A batch of one message, as the receiver hands it to the spool. */
export function spooledBatch(text: string, epochMs = noon, app = testApp): Promise<SpooledMember> {
  return seal(batch(message(text, epochMs)), { app });
}

/** The bytes of a segment that holds these entries, each written by itself. */
export function segmentOf(...spooled: readonly SpooledMember[]): Buffer {
  return spooled.reduce(
    (before, each) => Buffer.concat([before, entryOf(each, before.length)]),
    Buffer.alloc(0),
  );
}

/** `group`: where the group begins in its segment that the entry was written with. */
export function entryOf(spooled: SpooledMember, group = 0): Buffer {
  return Buffer.concat([Buffer.from(formatEntryHead(spooled, group)), spooled.member, Buffer.from('\n')]);
}

/** All that a walk through these bytes finds. */
export async function walk(bytes: Buffer): Promise<SegmentPart[]> {
  const source = {
    size: bytes.length,
    at: async (offset: number, length: number) => bytes.subarray(offset, offset + length),
  };
  return Array.fromAsync(walkSegment(source));
}

export function uuids(parts: readonly SegmentPart[]): string[] {
  return parts.flatMap((part) => (part.kind === 'member' ? part.parts.uuid : []));
}

export function uuidOf({ key }: SpooledMember): KeyParts['uuid'] {
  return key.slice(-'00000000-0000-8000-8000-000000000000.gz'.length, -'.gz'.length);
}
