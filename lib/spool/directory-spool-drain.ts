import { type ArchivedSegment, archiveSegment, type SegmentArchiver } from './archive-segment.ts';
import { holderOf, holdSpool } from './directory-holder.ts';
import { DirectorySegments } from './directory-segments.ts';

export interface SpoolDirectory extends Omit<SegmentArchiver, 'segments'> {
  /** `<data>/spool`. */
  readonly directory: string;
}

export interface DrainedSpool extends Omit<ArchivedSegment, 'failure'> {
  readonly segments: number;
  /** Segments that stay. */
  readonly left: number;
  /** Why the first of them does. */
  readonly failure?: Error;
}

/** A running `serve` archives this spool by itself. */
export class SpoolHeldError extends Error {
  constructor(directory: string, holder: string) {
    super(`${directory} is archived by a serve that is running (${holder}): it does so by itself.`);
    this.name = 'SpoolHeldError';
  }
}

const segmentBudgetMs = 120_000;

/**
 * Archives now all that was left in the spool of a data directory. Goes on where a segment fails, and says so.
 * Throws {@link SpoolHeldError} while a `serve` does this by itself.
 */
export async function archiveSpoolDirectory({
  directory,
  ...archiver
}: SpoolDirectory): Promise<DrainedSpool> {
  const holder = await holderOf(directory);
  if (holder !== undefined) throw new SpoolHeldError(directory, holder);
  const segments = new DirectorySegments(directory);
  await segments.takeOver(0);
  const names = await segments.closed();
  const drained = { segments: 0, objects: 0, members: 0, bytes: 0, setAside: 0, left: 0 };
  if (names.length === 0) return drained;
  const release = await holdSpool(directory);
  let failure: Error | undefined;
  try {
    for (const name of names) {
      const archived = await archiveSegment({ ...archiver, segments }, name, segmentBudgetMs);
      for (const figure of ['objects', 'members', 'bytes'] as const) drained[figure] += archived[figure];
      if (archived.failure === undefined) {
        drained.segments += 1;
        drained.setAside += archived.setAside;
      } else {
        drained.left += 1;
        failure ??= archived.failure;
      }
    }
  } finally {
    await release();
  }
  return failure === undefined ? drained : { ...drained, failure };
}
