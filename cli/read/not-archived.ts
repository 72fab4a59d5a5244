import { join } from 'node:path';
import { parseKey } from '../../lib/archive/format/key.ts';
import { canHold, type TimeRange } from '../../lib/archive/read/read-objects.ts';
import { messageOf } from '../../lib/base/errors.ts';
import { duration } from '../../lib/base/text.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { note, warn } from '../shared/output.ts';
import type { Target, TargetOptions } from '../shared/target.ts';
import { configOf } from '../shared/target-config.ts';

/** Batches of an app that are acknowledged, and that a reader of the archive does not find yet. */
export interface NotArchived {
  readonly batches: number;
  /** When the oldest of them was spooled, and the newest, in milliseconds since 1970: within a window. */
  readonly oldestAt: number;
  readonly newestAt: number;
}

/** What is read, and from where. */
export interface Reading {
  readonly options: TargetOptions;
  readonly target: Target;
  readonly app: AppName;
  readonly range: TimeRange;
}

/** Of the journal of a data directory. A stage's queue shows nobody what it holds. */
export async function notArchived({ target, app, range }: Reading): Promise<NotArchived> {
  const found = { batches: 0, oldestAt: Number.POSITIVE_INFINITY, newestAt: 0 };
  if (target.kind === 'stage') return found;
  const { DirectorySpoolReader } = await import('../../lib/spool/journal/journal-spool-reader.ts');
  try {
    for await (const { key, at } of new DirectorySpoolReader(join(target.data, 'spool')).entries()) {
      const parts = parseKey(key);
      if (parts?.app !== app || !canHold(parts, range)) continue;
      found.batches += 1;
      found.oldestAt = Math.min(found.oldestAt, at);
      found.newestAt = Math.max(found.newestAt, at);
    }
  } catch (error) {
    // The archive can be read all the same.
    warn(
      `the spool of ${target.data} can't be looked at: what waits there is not told of (${messageOf(error)})`,
    );
  }
  return found;
}

/** How much longer than its window an archiver at work takes. */
const graceMs = 10_000;

/** Says that batches are missing from what was printed, and from when on they are there. */
export async function tellNotArchived(
  { batches, oldestAt, newestAt }: NotArchived,
  { options, target, app }: Reading,
): Promise<void> {
  if (batches === 0) return;
  // A configuration that can't be read is no reason to keep this back.
  const windowMs = await configOf(target, options).then(
    ({ archiver }) => archiver.windowSeconds * 1000,
    () => undefined,
  );
  const [what, wait, are] =
    batches === 1 ? ['a batch', 'waits', 'is'] : [`${batches.toLocaleString('en')} batches`, 'wait', 'are'];
  const drain = `\`cistern spool drain ${target.flags}${bucketFlag(target)}\``;
  const ageMs = Date.now() - oldestAt;
  if (windowMs === undefined || ageMs > windowMs + graceMs) {
    note(
      `${what} of ${app} ${wait} in the spool, for up to ${duration(Math.max(0, ageMs))}, and can't be shown: is \`cistern serve\` running, and its store well? ${drain} archives ${batches === 1 ? 'it' : 'them'}, or says why not.`,
    );
    return;
  }
  const seconds = Math.max(1, Math.ceil((newestAt + windowMs - Date.now()) / 1000));
  note(
    `${what} of ${app} still ${wait} in the spool and ${are} not shown: in the archive in about ${seconds} s, or at once by ${drain}.`,
  );
}

function bucketFlag({ bucket }: Target): string {
  return bucket === undefined ? '' : ` --bucket ${bucket}`;
}
