import * as z from 'zod';
import type { Ledger } from '../ledger/ledger.ts';
import { type JobName, type JobRun, jobKey } from './jobs.ts';

/**
 * Runs a job and leaves word of how it went, where the check of jobs looks. What the job throws is thrown on;
 * word that can't be left is `lost`'s to tell: the job is done all the same.
 */
export async function runJob<Result>(
  ledger: Ledger,
  name: JobName,
  work: () => Promise<Result>,
  lost: (error: unknown) => void,
): Promise<Result> {
  const startedAt = Date.now();
  const leaveWord = async (outcome: JobRun['outcome']): Promise<void> => {
    try {
      await writeRun(ledger, name, { startedAt, endedAt: Date.now(), outcome });
    } catch (error) {
      lost(error);
    }
  };
  try {
    const result = await work();
    await leaveWord('done');
    return result;
  } catch (error) {
    await leaveWord('failed');
    throw error;
  }
}

const jobRun = z.object({
  startedAt: z.int().min(0),
  endedAt: z.int().min(0),
  outcome: z.enum(['done', 'failed']),
});

/** How a job last went; undefined where it never ran. Throws what the ledger throws. */
export async function readRun(
  ledger: Pick<Ledger, 'read'>,
  name: JobName,
  signal?: AbortSignal,
): Promise<JobRun | 'unreadable' | undefined> {
  const object = await ledger.read(jobKey(name), signal);
  if (object === undefined) return undefined;
  try {
    return jobRun.parse(JSON.parse(object.body.toString()));
  } catch {
    return 'unreadable';
  }
}

/** Of two runs that end at once either may be the last; a third try is not worth it. */
async function writeRun(ledger: Ledger, name: JobName, run: JobRun): Promise<void> {
  const key = jobKey(name);
  const body = Buffer.from(`${JSON.stringify(run)}\n`);
  for (let left = 2; left > 0; left -= 1) {
    const before = await ledger.read(key);
    if ((await ledger.replace(key, body, before?.version)) === 'replaced') return;
  }
}
