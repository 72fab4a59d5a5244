import { hash } from 'node:crypto';
import { type KeyParts, type ObjectKey, parseKey } from '../archive/format/key.ts';
import { walkMembers } from '../archive/format/member.ts';
import { memberEpoch, parseBatchHeader } from '../archive/format/read-header.ts';
import type { SpooledMember } from './spool.ts';

/** What SQS takes in one message. */
const maxMessageBytes = 1024 * 1024;
/** What a message holds beside its member: the key and the checksum. */
const envelopeBytes = 512;

/** The largest member whose message SQS takes: base64 makes four bytes of three. */
export const maxMessageMemberBytes: number = Math.floor((maxMessageBytes - envelopeBytes) / 4) * 3;

/** A member that came out of a spool whole. */
export interface CheckedMember extends SpooledMember {
  readonly parts: KeyParts;
}

/** A spooled message that no member can be made of. What it says never shows what is in it. */
export class BadMessageError extends Error {
  constructor(why: string) {
    super(`no member in this message: ${why}`);
    this.name = 'BadMessageError';
  }
}

/** The text of a member's message (docs/archive-format.md, *In the spool*). */
export function encodeMessage({ key, member }: SpooledMember): string {
  const sha256 = hash('sha256', member);
  return `{"v":1,"key":"${key}","sha256":"${sha256}","member":"${member.toString('base64')}"}`;
}

/** Reads {@link encodeMessage} back. Throws {@link BadMessageError} for a foreign or damaged one. */
export function decodeMessage(text: string): CheckedMember {
  const { key, sha256, member } = readEnvelope(text);
  return checkMember(key, sha256, Buffer.from(member, 'base64'));
}

/**
 * Holds a spooled member against its checksum and its key; nothing is inflated. Throws {@link BadMessageError}.
 */
export function checkMember(key: string, sha256: string, member: Buffer): CheckedMember {
  const parts = parseKey(key);
  if (parts === undefined) throw new BadMessageError('its key is none of this archive');
  if (hash('sha256', member) !== sha256)
    throw new BadMessageError("its member has not its checksum's SHA-256");
  const header = headerOf(member);
  const sameTime = memberEpoch(header) === parts.epochMs;
  if (header.uuid !== parts.uuid || header.app !== parts.app || !sameTime) {
    throw new BadMessageError("its key is not its member's: another app, time or uuid");
  }
  return { key: key as ObjectKey, parts, member };
}

function headerOf(member: Buffer) {
  try {
    const [first, ...others] = walkMembers(member);
    if (first === undefined || others.length > 0) throw new BadMessageError('it holds not one member');
    return parseBatchHeader(first.headerJson);
  } catch (cause) {
    if (cause instanceof BadMessageError) throw cause;
    // Without its cause, which can quote what is in it.
    throw new BadMessageError(cause instanceof Error ? cause.message : 'its member is not readable');
  }
}

interface Envelope {
  readonly key: string;
  readonly sha256: string;
  readonly member: string;
}

function readEnvelope(text: string): Envelope {
  return readOwnEnvelope(text) ?? readAnyEnvelope(text);
}

const ownHead = /^\{"v":1,"key":"([^"\\]*)","sha256":"([^"\\]*)","member":"/;
const ownTail = '"}';

/**
 * The very text that {@link encodeMessage} makes: its member's part is not copied, as JSON.parse would. Undefined for
 * any other.
 */
function readOwnEnvelope(text: string): Envelope | undefined {
  const [head = '', key, sha256] = ownHead.exec(text.slice(0, envelopeBytes)) ?? [];
  if (key === undefined || sha256 === undefined) return undefined;
  const end = text.length - ownTail.length;
  const plain = text.indexOf('"', head.length) === end && text.endsWith(ownTail);
  return plain && !text.includes('\\', head.length)
    ? { key, sha256, member: text.slice(head.length, end) }
    : undefined;
}

function readAnyEnvelope(text: string): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Its message would quote what is in it.
    throw new BadMessageError('it is not JSON');
  }
  if (typeof value !== 'object' || value === null) throw new BadMessageError('it is not a JSON object');
  if (!('v' in value) || value.v !== 1) throw new BadMessageError('it is not of version 1');
  return { key: textOf(value, 'key'), sha256: textOf(value, 'sha256'), member: textOf(value, 'member') };
}

function textOf(value: object, name: string): string {
  const text: unknown = Reflect.get(value, name);
  if (typeof text !== 'string') throw new BadMessageError(`it has no ${name}`);
  return text;
}
