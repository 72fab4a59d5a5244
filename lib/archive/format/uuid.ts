import { hash } from 'node:crypto';

export interface BatchIdentity {
  readonly drainToken?: string | undefined;
  readonly frameId?: string | undefined;
  readonly requestId?: string | undefined;
  /** SHA-256 of the batch's raw bytes. */
  readonly sha256: Uint8Array;
}

/**
 * The uuid of a batch: a UUIDv8 (RFC 9562, section 5.8) over its drain token, its frame id (else request id,
 * else nothing) and its bytes. The same batch always has the same one; one that differs in a byte has another.
 */
export function batchUuid({ drainToken, frameId, requestId, sha256 }: BatchIdentity): string {
  const parts = [Buffer.from(drainToken ?? ''), Buffer.from(frameId ?? requestId ?? ''), sha256];
  return uuidv8(hash('sha256', Buffer.concat(parts.flatMap(withLength)), 'buffer'));
}

/**
 * The uuid of an object: its one member's, else a UUIDv8 over the ordered list of its members'. So objects of the
 * same members have the same key, and no others do.
 */
export function objectUuid(memberUuids: readonly string[]): string {
  const [first, ...others] = memberUuids;
  if (first === undefined) throw new Error('an object has at least one member');
  if (others.length === 0) return first;
  return uuidv8(hash('sha256', memberUuids.join(), 'buffer'));
}

function withLength(part: Uint8Array): Uint8Array[] {
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(part.length);
  return [length, part];
}

function uuidv8(digest: Buffer): string {
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
