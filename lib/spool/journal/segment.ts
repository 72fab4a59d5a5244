import type { KeyParts } from '../../archive/format/key.ts';

/** A member in a segment: where it is, and what it is called. */
export interface SegmentMember {
  readonly parts: KeyParts;
  /** Where the member itself begins. */
  readonly offset: number;
  /** Of the member. */
  readonly bytes: number;
  /** Of the member, in hex: it is read again to be stored. */
  readonly sha256: string;
  /** Where the group begins that it was written with. What stands before that was acknowledged. */
  readonly group: number;
}

/** What a walk through a segment finds, in order and without gaps. */
export type SegmentPart =
  | ({ readonly kind: 'member' } & SegmentMember)
  /** No entry, or one whose checksum or key is not its member's. */
  | { readonly kind: 'bad'; readonly offset: number; readonly bytes: number; readonly why: string }
  /** The beginning of an entry that runs past the end: it was never acknowledged. */
  | { readonly kind: 'torn'; readonly offset: number; readonly bytes: number };

/** A segment of the journal that nobody writes any more. */
export interface Segment {
  /** Checks each member against its checksum and its key. Never fails for what is in the segment. */
  walk(): AsyncIterable<SegmentPart>;
  /** The bytes of several stretches, back to back. */
  read(stretches: readonly { readonly offset: number; readonly bytes: number }[]): Promise<Buffer>;
  close(): Promise<void>;
}

/** The segments of a journal as its archiver sees them. */
export interface Segments {
  /** Names of the segments that nobody writes any more, oldest first. */
  closed(): Promise<readonly string[]>;
  /** Closes those that were begun at least `olderThanMs` ago, also under the hands of whoever writes them. */
  takeOver(olderThanMs: number): Promise<void>;
  /** Undefined when it is there no more. */
  open(name: string): Promise<Segment | undefined>;
  /** Resolves when it is gone for good; that it was gone before is no failure. */
  remove(name: string): Promise<void>;
}

export interface SegmentName {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly begunAt: number;
  /** Whether somebody may still write it. */
  readonly open: boolean;
}

/** At the end of the name of a segment's file for as long as it is written. */
export const openSuffix = '.open';

/** Segments sort by when they were begun; `random` tells those of several processes apart. */
export function segmentName(now: number, random: Buffer): string {
  return `${String(now).padStart(13, '0')}-${random.toString('hex')}`;
}

/** Undefined for a file that is no segment. */
export function parseSegmentName(file: string): SegmentName | undefined {
  const [, name, begunAt, suffix] = /^((\d{13})-[0-9a-f]{16})(\.open)?$/.exec(file) ?? [];
  if (name === undefined) return undefined;
  return { name, begunAt: Number(begunAt), open: suffix === openSuffix };
}
