import { hash } from 'node:crypto';
import { reachMs, reachOf, reachOfUuid } from './reach.ts';

export interface BatchIdentity {
  readonly drainToken?: string | undefined;
  readonly frameId?: string | undefined;
  readonly requestId?: string | undefined;
  /** SHA-256 of the batch's raw bytes. */
  readonly sha256: Uint8Array;
  /** How far back of its epoch its messages reach ({@link reachOf}): 0 unless said. */
  readonly reach?: number;
}

/**
 * The uuid of a batch: a UUIDv8 (RFC 9562, section 5.8) over its drain token, its frame id (else request id,
 * else nothing) and its bytes. The same batch always has the same one; one that differs in a byte has another.
 */
export function batchUuid({ drainToken, frameId, requestId, sha256, reach = 0 }: BatchIdentity): string {
  const parts = [Buffer.from(drainToken ?? ''), Buffer.from(frameId ?? requestId ?? ''), sha256];
  return uuidv8(hash('sha256', Buffer.concat(parts.flatMap(withLength)), 'buffer'), reach);
}

/** A member of an object: its uuid and its epoch in milliseconds since 1970. */
export interface MemberIdentity {
  readonly uuid: string;
  readonly epochMs: number;
}

/**
 * The uuid of an object: its one member's, else a UUIDv8 over the ordered list of its members'. So objects of the
 * same members have the same key, and no others do. Its reach is measured from the first member's epoch.
 */
export function objectUuid(members: readonly MemberIdentity[]): string {
  const [first, ...others] = members;
  if (first === undefined) throw new Error('an object has at least one member');
  if (others.length === 0) return first.uuid;
  const spans = members.map(({ uuid, epochMs }) => first.epochMs - epochMs + reachMs(reachOfUuid(uuid)));
  const uuids = members.map(({ uuid }) => uuid).join();
  return uuidv8(hash('sha256', uuids, 'buffer'), reachOf(Math.max(...spans)));
}

function withLength(part: Uint8Array): Uint8Array[] {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(part.length);
  return [length, part];
}

function uuidv8(digest: Buffer, reach: number): string {
  digest.writeUInt8(0x80 | reach, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
