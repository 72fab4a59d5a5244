import { randomBytes } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { codeOf } from '../base/errors.ts';

/** A holder is never this slow: its lock may be broken, and it must not write any more. */
const staleMs = 10_000;
const patienceMs = 15_000;

/** Throws when the lock is no longer the holder's. To be called last before what the lock protects. */
export type AssertHeld = () => Promise<void>;

/**
 * Runs `work` while no other process does so under the same lock file. Waits up to 15 s for its turn.
 * A lock that its dead process left, or one over 10 s old, is broken.
 */
export async function withLock<T>(path: string, work: (assertHeld: AssertHeld) => Promise<T>): Promise<T> {
  const mine = `${process.pid} ${hostname()} ${randomBytes(8).toString('hex')}`;
  await acquire(path, mine);
  const isMine = async (): Promise<boolean> => (await readLock(path))?.holder === mine;
  try {
    return await work(async () => {
      if (!(await isMine())) throw new Error(`lost the lock ${path} to another process; try again`);
    });
  } finally {
    if (await isMine()) await rm(path, { force: true });
  }
}

async function acquire(path: string, mine: string): Promise<void> {
  const deadline = Date.now() + patienceMs;
  while (!(await createExclusively(path, mine))) {
    if (await isStale(path)) await breakLock(path);
    else if (Date.now() > deadline) throw new Error(`another process holds ${path}; try again`);
    else await delay(5 + Math.random() * 20);
  }
}

/**
 * Only one process at a time may break a lock, and it looks again first: or a second one, having seen the
 * same stale lock, would remove the fresh one of the first.
 */
async function breakLock(path: string): Promise<void> {
  const guard = `${path}.break`;
  if (!(await createExclusively(guard, ''))) {
    if (await isOld(guard)) await rm(guard, { force: true });
    else await delay(5 + Math.random() * 20);
    return;
  }
  try {
    if (await isStale(path)) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function createExclusively(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

async function isStale(path: string): Promise<boolean> {
  const lock = await readLock(path);
  if (lock === undefined) return false;
  if (lock.ageMs > staleMs) return true;
  const [pid = '', host] = lock.holder.split(' ');
  return host === hostname() && !isAlive(Number(pid));
}

async function isOld(path: string): Promise<boolean> {
  return ((await readLock(path))?.ageMs ?? 0) > staleMs;
}

async function readLock(path: string): Promise<{ holder: string; ageMs: number } | undefined> {
  try {
    const [holder, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return { holder, ageMs: Date.now() - mtimeMs };
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there, and somebody else's.
    return codeOf(error) === 'EPERM';
  }
}
