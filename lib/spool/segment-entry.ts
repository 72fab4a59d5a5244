import { hash } from 'node:crypto';
import type { SpooledMember } from './spool.ts';

/** What every entry of a segment begins with: its format, and that format's version. */
export const entryMark = 'cistern-spool 1 ';

/** More than any head takes: what has no end by then is none. */
export const maxHeadBytes = 256;

/** The largest member that an entry holds: what `serve` takes is at most 16 MiB, before it is deflated. */
export const maxEntryMemberBytes: number = 32 * 1024 * 1024;

/** What stands before a member in a segment (docs/archive-format.md, *In the spool*). */
export interface EntryHead {
  readonly key: string;
  /** Of the member. */
  readonly bytes: number;
  /** Of the member, in hex. */
  readonly sha256: string;
  /** Where the group of entries begins that were written with it: all before that was durable by then. */
  readonly group: number;
  /** Of the head itself, its newline included. */
  readonly headBytes: number;
}

/** The text before a member; behind it comes one newline. */
export function formatEntryHead({ key, member }: SpooledMember, group: number): string {
  return `${entryMark}${key} ${member.length} ${hash('sha256', member)} ${group}\n`;
}

/** Bytes from the beginning of an entry to that of the next. */
export function entryBytes({ headBytes, bytes }: EntryHead): number {
  return headBytes + bytes + 1;
}

const headLine = /^cistern-spool 1 (\S{1,200}) (\d{1,8}) ([0-9a-f]{64}) (\d{1,15})$/;

/** Reads the head that `from` begins with. Undefined when it begins with none. */
export function parseEntryHead(from: Buffer): EntryHead | undefined {
  const end = from.subarray(0, maxHeadBytes).indexOf('\n');
  if (end < 0) return undefined;
  const [, key, digits, sha256, group] = headLine.exec(from.toString('latin1', 0, end)) ?? [];
  if (key === undefined || digits === undefined || sha256 === undefined || group === undefined)
    return undefined;
  const bytes = Number(digits);
  return bytes > maxEntryMemberBytes
    ? undefined
    : { key, bytes, sha256, group: Number(group), headBytes: end + 1 };
}
