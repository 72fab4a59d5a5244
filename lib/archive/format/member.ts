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
/** How every member begins. */
const magic = Buffer.from([0x1f, 0x8b, deflateMethod, flagExtra, 0, 0, 0, 0, 0, osUnknown]);

/** Wraps raw DEFLATE data as a member: `headerJson` is at most 16 KiB, `raw` is what `deflated` inflates to. */
export function assembleMember(headerJson: Buffer, raw: Uint8Array, deflated: readonly Buffer[]): Buffer {
  const extraLength = subfieldBytes + 4 + subfieldBytes + headerJson.length;
  const dataStart = fixedBytes + extraLengthBytes + extraLength;
  const deflatedBytes = deflated.reduce((sum, part) => sum + part.length, 0);
  const length = dataStart + deflatedBytes + trailerBytes;
  const member = Buffer.allocUnsafe(length);
  member.set(magic);
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
    const { headerJson, length, dataStart } = readHead(object, offset);
    if (offset + length < dataStart + trailerBytes) throw new MemberError(offset, 'its length is too short');
    if (offset + length > object.length) throw new MemberError(offset, 'the object ends inside it');
    yield { bytes: object.subarray(offset, offset + length), headerJson, offset };
    offset += length;
  }
}

/**
 * The members of a damaged object whose heads are readable. The bytes of one go on to the next head where its
 * length leads to none: then they are what is left of it, or more. Never throws.
 */
export function* findMembers(object: Buffer): Generator<FoundMember> {
  for (let offset = nextHead(object, 0); offset < object.length; ) {
    const { headerJson, length } = readHead(object, offset);
    const end = offset + length;
    const leadsOn = length > 0 && (end === object.length || hasHead(object, end));
    const next = leadsOn ? end : nextHead(object, offset + 1);
    yield { bytes: object.subarray(offset, next), headerJson, offset };
    offset = next;
  }
}

/** The DEFLATE data of a member. */
export function dataOf(bytes: Buffer): Buffer {
  return untrimmedDataOf(bytes).subarray(0, -trailerBytes);
}

/** The same of one whose end is not known: with its trailer, and whatever follows it. */
export function untrimmedDataOf(bytes: Buffer): Buffer {
  return bytes.subarray(fixedBytes + extraLengthBytes + bytes.readUInt16LE(fixedBytes));
}

/** Where the next head begins that can be read, or the object's end. */
function nextHead(object: Buffer, from: number): number {
  let at = object.indexOf(magic, from);
  while (at !== -1 && !hasHead(object, at)) at = object.indexOf(magic, at + 1);
  return at === -1 ? object.length : at;
}

function hasHead(object: Buffer, offset: number): boolean {
  // What others may have put in front of LZ is not looked for: compressed data must not pass for a head.
  const subfield = offset + fixedBytes + extraLengthBytes;
  if (object.toString('latin1', subfield, subfield + 2) !== 'LZ') return false;
  try {
    return readHead(object, offset).length > 0;
  } catch (error) {
    if (!(error instanceof MemberError)) throw error;
    return false;
  }
}

interface Head {
  readonly headerJson: Buffer;
  /** Of the member, as its head says. */
  readonly length: number;
  readonly dataStart: number;
}

function readHead(object: Buffer, offset: number): Head {
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
  return { headerJson, length, dataStart: extraEnd };
}

/** The members of an object; of a damaged one, those that {@link findMembers} still finds. Never throws. */
export function readableMembers(object: Buffer): FoundMember[] {
  try {
    return [...walkMembers(object)];
  } catch (error) {
    if (!(error instanceof MemberError)) throw error;
    return [...findMembers(object)];
  }
}
