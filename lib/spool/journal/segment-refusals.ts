import { isRefusal } from '../refusals.ts';
import type { ArchivedSegment } from './archive-segment.ts';

/** One app's trouble can fill some segments in a row; each costs its reading, and attempts that are refused. */
const mostRefused = 10;

/** Says after each segment whether to stop: the store is away, or refused ten segments running. */
export class SegmentRefusals {
  #refused = 0;

  shouldStop({ objects, failure }: ArchivedSegment): boolean {
    if (objects > 0) this.#refused = 0;
    if (objects > 0 || failure === undefined) return false;
    if (!isRefusal(failure)) return true;
    this.#refused += 1;
    return this.#refused >= mostRefused;
  }
}
