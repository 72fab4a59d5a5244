import { crc32 } from 'node:zlib';

/**
 * One gzip member (RFC 1952) with FLG.FEXTRA and two subfields: `LZ`, the member's whole length, so that a
 * reader steps from member to member without inflating; and `LD`, the batch header.
 */
const fixedBytes = 10;
const extraLengthBytes = 2;
const subfieldBytes = 4;
const trailerBytes = 8;
const deflateMethod = 8;
const flagExtra = 4;
const osUnknown = 255;

/** Wraps raw DEFLATE data as a member: `headerJson` is at most 16 KiB, `raw` is what `deflated` inflates to. */
export function assembleMember(headerJson: Buffer, raw: Uint8Array, deflated: readonly Buffer[]): Buffer {
  const extraLength = subfieldBytes + 4 + subfieldBytes + headerJson.length;
  const dataStart = fixedBytes + extraLengthBytes + extraLength;
  const deflatedBytes = deflated.reduce((sum, part) => sum + part.length, 0);
  const length = dataStart + deflatedBytes + trailerBytes;
  const member = Buffer.allocUnsafe(length);
  member.set([0x1f, 0x8b, deflateMethod, flagExtra, 0, 0, 0, 0, 0, osUnknown]);
  let at = member.writeUInt16LE(extraLength, fixedBytes);
  at = writeSubfield(member, at, 'LZ', 4);
  at = member.writeUInt32LE(length, at);
  at = writeSubfield(member, at, 'LD', headerJson.length);
  at += headerJson.copy(member, at);
  for (const part of deflated) at += part.copy(member, at);
  at = member.writeUInt32LE(crc32(raw), at);
  member.writeUInt32LE(raw.length % 2 ** 32, at);
  return member;
}

function writeSubfield(member: Buffer, at: number, id: string, length: number): number {
  member.write(id, at, 'latin1');
  return member.writeUInt16LE(length, at + 2);
}

/** A member inside an object: its bytes, and its batch header's JSON, neither of them copied. */
export interface FoundMember {
  readonly bytes: Buffer;
  readonly headerJson: Buffer;
  /** Where the member starts in its object. */
  readonly offset: number;
}

/** An object, or the rest of one, that is not members of this archive. */
export class MemberError extends Error {
  readonly offset: number;

  constructor(offset: number, why: string) {
    super(`no readable member at byte ${offset}: ${why}`);
    this.name = 'MemberError';
    this.offset = offset;
  }
}

/** Steps through the members of an object without inflating. Throws {@link MemberError} where there is none. */
export function* walkMembers(object: Buffer): Generator<FoundMember> {
  for (let offset = 0; offset < object.length; ) {
    const member = readMemberAt(object, offset);
    yield member;
    offset += member.bytes.length;
  }
}

/** The DEFLATE data of a member. */
export function dataOf({ bytes }: FoundMember): Buffer {
  const start = fixedBytes + extraLengthBytes + bytes.readUInt16LE(fixedBytes);
  return bytes.subarray(start, bytes.length - trailerBytes);
}

function readMemberAt(object: Buffer, offset: number): FoundMember {
  const extraStart = offset + fixedBytes + extraLengthBytes;
  if (extraStart > object.length) throw new MemberError(offset, 'the object ends in its header');
  if (object.readUInt16BE(offset) !== 0x1f8b) throw new MemberError(offset, 'not gzip');
  if (object[offset + 2] !== deflateMethod || object[offset + 3] !== flagExtra) {
    throw new MemberError(offset, 'gzip, but without the extra field of a batch');
  }
  const extraEnd = extraStart + object.readUInt16LE(offset + fixedBytes);
  if (extraEnd > object.length) throw new MemberError(offset, 'the object ends in its extra field');
  let length: number | undefined;
  let headerJson: Buffer | undefined;
  for (let at = extraStart; at + subfieldBytes <= extraEnd; ) {
    const id = object.toString('latin1', at, at + 2);
    const end = at + subfieldBytes + object.readUInt16LE(at + 2);
    if (end > extraEnd) throw new MemberError(offset, 'a subfield overruns the extra field');
    if (id === 'LZ' && end - at === subfieldBytes + 4) length = object.readUInt32LE(at + subfieldBytes);
    if (id === 'LD') headerJson = object.subarray(at + subfieldBytes, end);
    at = end;
  }
  if (length === undefined || headerJson === undefined) {
    throw new MemberError(offset, 'subfield LZ or LD is missing');
  }
  if (length < extraEnd - offset + trailerBytes) throw new MemberError(offset, 'its length is too short');
  if (offset + length > object.length) throw new MemberError(offset, 'the object ends inside it');
  return { bytes: object.subarray(offset, offset + length), headerJson, offset };
}
