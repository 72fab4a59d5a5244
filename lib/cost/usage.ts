import type { ReadObject } from '../archive/read/read-objects.ts';
import { type Archived, archiveLines, type Lifetimes } from './archive-cost.ts';
import { assumptions } from './assumptions.ts';
import { type Line, totalOf } from './line.ts';
import { billing } from './prices.ts';

/** What an archive holds of an app for some time. */
export interface Usage extends Archived {
  readonly members: number;
  readonly messages: number;
  /** Raw. */
  readonly bytes: number;
}

export const noUsage: Usage = {
  objects: 0,
  members: 0,
  messages: 0,
  bytes: 0,
  storedBytes: 0,
  infrequentBytes: 0,
};

/** Of a damaged object only what can be read counts, and all its stored bytes. */
export function addObject(usage: Usage, { size, members }: ReadObject): Usage {
  return {
    objects: usage.objects + 1,
    members: usage.members + members.length,
    messages: usage.messages + members.reduce((sum, { header }) => sum + header.found, 0),
    bytes: usage.bytes + members.reduce((sum, { header }) => sum + header.bytes, 0),
    storedBytes: usage.storedBytes + size,
    infrequentBytes: usage.infrequentBytes + Math.max(size, billing.leastInfrequentBytes),
  };
}

/** At this rate, a month of 30 days. `spanMs` is the time that the usage is of, in milliseconds, above 0. */
export function projectMonth(usage: Usage, spanMs: number): Usage {
  const factor = (assumptions.monthSeconds * 1000) / spanMs;
  return {
    objects: usage.objects * factor,
    members: usage.members * factor,
    messages: usage.messages * factor,
    bytes: usage.bytes * factor,
    storedBytes: usage.storedBytes * factor,
    infrequentBytes: usage.infrequentBytes * factor,
  };
}

export interface ArchiveCost {
  readonly lines: readonly Line[];
  /** In US dollars a month. */
  readonly total: number;
}

/** What the archive's own requests and storage cost a month, by list prices; nothing else of a stage. */
export function archiveCost(month: Archived, lifetimes: Lifetimes): ArchiveCost {
  const lines = archiveLines(month, lifetimes);
  return { lines, total: totalOf(lines) };
}
