import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SpooledMember, SpoolWriter } from '../../lib/spool/spool.ts';
import { uuids, walk } from './spooled.ts';

/** Puts with nobody to give up. */
export function put(
  journal: SpoolWriter,
  spooled: SpooledMember,
  signal = new AbortController().signal,
): Promise<void> {
  return journal.put(spooled, signal);
}

/** The uuids in the spool, segment by segment. */
export async function heldIn(directory: string): Promise<string[][]> {
  const names = (await readdir(directory)).sort();
  return Promise.all(names.map(async (name) => uuids(await walk(await readFile(join(directory, name))))));
}

/** Lets everything run on that can. */
export const turn = () => new Promise((resolve) => setTimeout(resolve, 5));
