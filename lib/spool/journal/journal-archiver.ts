import { codeOf } from '../../base/errors.ts';
import { type ArchivedSegment, archiveSegment, type SegmentArchiver } from './archive-segment.ts';
import { SegmentRefusals } from './segment-refusals.ts';

export interface JournalArchiverOptions extends SegmentArchiver {
  /** How long a segment is written. */
  readonly windowMs: number;
}

/** What one segment may take: the others want their turn. */
const segmentBudgetMs = 120_000;
/** How often it looks for what other processes left. */
const lookMs = 10_000;
/** How much longer than its window a segment may be written before it counts as left behind. */
const graceMs = 10_000;
const leastRetryMs = 2_000;
const mostRetryMs = 5_000;

/** Brings what a journal holds into the archive, for as long as `serve` runs: one segment at a time. */
export class JournalArchiver {
  readonly #options: JournalArchiverOptions;
  /** Segments that stayed at their last turn: the others come first, then these, the latest tried last. */
  readonly #stayed = new Set<string>();
  #running: Promise<void> | undefined;
  #again = false;
  #deadline = Number.POSITIVE_INFINITY;
  #tookOver = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;
  /** What was told to be wrong, and is still. */
  #trouble: string | undefined;

  constructor(options: JournalArchiverOptions) {
    this.#options = options;
  }

  /** Begins with what earlier processes left, or as soon as there is something new. Harmless when it is at work. */
  wake(): void {
    this.#again = true;
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#running ??= this.#work();
  }

  /**
   * Archives what is there, if that takes no longer than about `withinMs`, and resolves with the number of segments
   * that are left for the next start. The journal has to be closed before.
   */
  async stop(withinMs: number): Promise<number> {
    this.#deadline = performance.now() + withinMs;
    this.wake();
    this.#stopped = true;
    clearTimeout(this.#timer);
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, withinMs);
    await Promise.race([this.#running, patience.promise]);
    clearTimeout(timer);
    // A directory that can't be read was told of by the round before.
    return (await this.#options.segments.closed().catch(() => [])).length;
  }

  async #work(): Promise<void> {
    let allDone = true;
    while (this.#again) {
      this.#again = false;
      allDone = await this.#round();
    }
    // At once, not when this has settled: to be woken between would be to sleep on.
    this.#running = undefined;
    if (this.#stopped) return;
    const retryMs = leastRetryMs + Math.random() * (mostRetryMs - leastRetryMs);
    this.#timer = setTimeout(() => this.wake(), allDone ? lookMs : retryMs).unref();
  }

  /** Resolves with whether nothing is left. Never rejects. */
  async #round(): Promise<boolean> {
    try {
      const { segments } = this.#options;
      await segments.takeOver(this.#tookOver ? this.#options.windowMs + graceMs : 0);
      this.#tookOver = true;
      const names = await segments.closed();
      for (const name of this.#stayed) if (!names.includes(name)) this.#stayed.delete(name);
      return await this.#archive([...names.filter((name) => !this.#stayed.has(name)), ...this.#stayed]);
    } catch (error) {
      this.#tell(error);
      return false;
    }
  }

  async #archive(names: readonly string[]): Promise<boolean> {
    const refusals = new SegmentRefusals();
    let failure: Error | undefined;
    for (const name of names) {
      const leftMs = this.#deadline - performance.now();
      if (leftMs <= 0) return false;
      const archived = await archiveSegment(this.#options, name, Math.min(segmentBudgetMs, leftMs));
      this.#stayed.delete(name);
      if (archived.failure === undefined) this.#tellArchived(name, archived);
      // Again, so that it is the last: whatever a round does not come to has its turn in the next.
      else this.#stayed.add(name);
      failure ??= archived.failure;
      if (refusals.shouldStop(archived)) break;
    }
    this.#tell(failure);
    return failure === undefined;
  }

  #tellArchived(segment: string, { objects, members, bytes, setAside }: ArchivedSegment): void {
    if (objects === 0 && setAside === 0) return;
    const what = `${count(members, 'batch', 'batches')} of the spool in ${count(objects, 'object', 'objects')}`;
    this.#options.log.info(`archived ${what}`, { segment, objects, members, bytes });
  }

  /** Once for each thing that goes wrong, and once when it is over: an outage takes many rounds. */
  #tell(failure: unknown): void {
    const trouble = failure === undefined ? undefined : kindOf(failure);
    if (trouble === this.#trouble) return;
    const { log } = this.#options;
    if (trouble === undefined) log.info('the spool can be archived again');
    else log.warn('what is spooled stays in the spool for now, and is tried again', { error: failure });
    this.#trouble = trouble;
  }
}

/** A file system's own words name the file, which is another at every attempt. */
function kindOf(failure: unknown): string {
  return (failure instanceof Error ? codeOf(failure.cause) : undefined) ?? String(failure);
}

function count(number: number, one: string, several: string): string {
  return `${number} ${number === 1 ? one : several}`;
}
