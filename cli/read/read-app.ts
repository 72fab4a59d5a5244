import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { TimeRange } from '../../lib/archive/read/read-objects.ts';
import type { ArchiveReader } from '../../lib/archive/store/store.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { CliError, exitCodes } from '../shared/errors.ts';
import { note } from '../shared/output.ts';
import { openTarget, type Target, type TargetOptions } from '../shared/target.ts';
import { type RangeOptions, rangeOf } from '../shared/time-range.ts';
import { type NotArchived, notArchived, type Reading, tellNotArchived } from './not-archived.ts';
import { firstKey, iso, ProblemReport } from './reading.ts';

/** What a command reads an app's log with. */
export interface OpenLog {
  readonly target: Target;
  readonly archive: ArchiveReader;
  readonly range: TimeRange;
  readonly problems: ProblemReport;
}

/**
 * What `cat`, `ls` and `usage` share: they open a target, read an app's range by `read`, which resolves with whether
 * it found anything, report problems, and explain an empty answer. At the end they say what of the range still waits
 * in the spool, however the reading ends: a store that is away is why it waits. The spool is looked at first, so what
 * is archived meanwhile may be told of twice, but never not at all.
 */
export async function readApp(
  app: AppName,
  options: TargetOptions & RangeOptions,
  read: (log: OpenLog) => Promise<boolean>,
): Promise<void> {
  const range = rangeOf(options, Date.now());
  const target = await openTarget(options);
  const reading = { options, target, app, range };
  const waiting = await notArchived(reading);
  try {
    const problems = new ProblemReport();
    const archive = await target.openArchive();
    const found = await read({ target, archive, range, problems });
    problems.finish();
    if (!found) await explainNothing(archive, reading, waiting);
  } finally {
    await tellNotArchived(waiting, reading);
  }
}

/** Says why nothing was found. Throws {@link CliError} when nothing was ever stored for the app, nor spooled. */
async function explainNothing(
  archive: ArchiveReader,
  { app, range: { since, until }, target }: Reading,
  waiting: NotArchived,
): Promise<void> {
  const oldest = await firstKey(archive, app);
  if (oldest === undefined) {
    if (waiting.batches > 0) return note(`nothing of ${app} is in the archive of ${target.describe} yet`);
    throw new CliError(`nothing is stored for ${app} in ${target.describe}.${elsewhere(target)}`, {
      exitCode: exitCodes.failed,
    });
  }
  const range = until === undefined ? `since ${iso(since)}` : `from ${iso(since)} to ${iso(until)}`;
  note(`nothing of ${app} ${range}; what is stored begins at ${iso(oldest)}`);
}

/** Where else to look for what a target's archive does not hold. */
function elsewhere(target: Target): string {
  if (target.kind === 'stage') {
    return ` What has just arrived may still wait in the spool: \`cistern spool status --stage ${target.stage}\`.`;
  }
  const archive = join(target.data, 'archive');
  if (target.bucket !== undefined || statSync(archive, { throwIfNoEntry: false }) !== undefined) return '';
  return ' There is no archive in it: if `cistern serve` keeps it in a bucket, pass --bucket NAME.';
}
