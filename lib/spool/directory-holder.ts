import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '../error-code.ts';

/** Says, beside the segments, that a process archives them. */
const prefix = '.serve-';
const touchMs = 15_000;
const staleMs = 60_000;

/**
 * Says that this process archives the spool in `directory`, until the returned function is called. Only so that
 * nobody does its work a second time: what is acknowledged is safe without it (see `DirectoryJournal`).
 */
export async function holdSpool(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, `${prefix}${randomBytes(8).toString('hex')}`);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(path, `${process.pid} ${hostname()}\n`, { flag: 'wx', mode: 0o600 });
  const touch = () => void utimes(path, new Date(), new Date()).catch(() => undefined);
  const timer = setInterval(touch, touchMs).unref();
  return async () => {
    clearInterval(timer);
    await rm(path, { force: true });
  };
}

/** The process that archives the spool in `directory`, such as `process 4711 on web-1`. */
export async function holderOf(directory: string): Promise<string | undefined> {
  for (const name of await namesIn(directory)) {
    const path = join(directory, name);
    try {
      const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
      const [pid = '', host = ''] = text.trim().split(' ');
      const dead = host === hostname() && !isAlive(Number(pid));
      if (!dead && Date.now() - mtimeMs < staleMs) return `process ${pid} on ${host}`;
      await rm(path, { force: true });
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
  }
  return undefined;
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter((name) => name.startsWith(prefix));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
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
