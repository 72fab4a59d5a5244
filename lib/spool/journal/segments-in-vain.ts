import { isRefusal } from '../refusals.ts';
import type { ArchivedSegment } from './archive-segment.ts';

/** One app's trouble can fill some segments in a row; each costs its reading, and attempts that are refused. */
const mostRefused = 10;

/** Tells, segment by segment, when those that come next would wait for the store in vain. */
export class SegmentsInVain {
  #refused = 0;

  after({ objects, failure }: ArchivedSegment): boolean {
    if (objects > 0) this.#refused = 0;
    if (objects > 0 || failure === undefined) return false;
    // The store is away.
    if (!isRefusal(failure)) return true;
    this.#refused += 1;
    return this.#refused >= mostRefused;
  }
}
