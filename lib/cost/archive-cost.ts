import { type Line, line } from './line.ts';
import { billing, prices } from './prices.ts';

/** What comes into the archive in a month. */
export interface Archived {
  readonly objects: number;
  readonly storedBytes: number;
  /** Bytes that Infrequent Access bills: each object as 128 KB at least. */
  readonly infrequentBytes: number;
}

export interface Lifetimes {
  readonly retentionDays: number;
  readonly infrequentAccessDays: number | 'never';
}

const daysOfMonth = 30;

/**
 * What a month's objects cost over their whole life, which is what each month costs once the first have been
 * destroyed. Storage is paid for twice the retention: an expired object is hidden for as long again
 * (docs/configuration.md, *What expires when*).
 */
export function archiveLines(
  { objects, storedBytes, infrequentBytes }: Archived,
  lifetimes: Lifetimes,
): Line[] {
  const { standardDays, infrequentDays } = daysOf(lifetimes);
  const moved = infrequentDays === 0 ? 0 : objects;
  return [
    line('S3 PUT', objects, prices.s3Put),
    line('S3 moves to Infrequent Access', moved, prices.s3MoveToInfrequentAccess),
    line('S3 storage, Standard', gigabyteMonths(storedBytes, standardDays), prices.s3Standard),
    line(
      'S3 storage, Infrequent Access',
      gigabyteMonths(infrequentBytes, infrequentDays),
      prices.s3InfrequentAccess,
    ),
  ];
}

function daysOf({ retentionDays, infrequentAccessDays }: Lifetimes) {
  const kept = 2 * retentionDays;
  if (infrequentAccessDays === 'never' || infrequentAccessDays >= kept) {
    return { standardDays: kept, infrequentDays: 0 };
  }
  const infrequentDays = Math.max(billing.leastInfrequentDays, kept - infrequentAccessDays);
  return { standardDays: infrequentAccessDays, infrequentDays };
}

function gigabyteMonths(bytes: number, days: number): number {
  return (bytes / billing.gigabyte) * (days / daysOfMonth);
}
