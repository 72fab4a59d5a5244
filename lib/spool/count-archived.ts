import type { Log } from '../base/log.ts';
import type { Counters, Sample } from '../metrics/counters.ts';

/** Counts what an archiver did. Never throws: counting never changes what is done. */
export function countArchived(
  { counters, log }: { readonly counters: Counters; readonly log: Log },
  counts: Sample['counts'],
): void {
  try {
    counters.record({ counts });
  } catch (error) {
    log.error('what was archived could not be counted', { error });
  }
}
