import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf } from '../../lib/base/errors.ts';
import { CliError } from '../shared/errors.ts';
import { note } from '../shared/output.ts';

/** What is to be sent, as it is read. */
export interface Input {
  readonly name: string;
  /** Bytes; undefined for a pipe. */
  readonly size: number | undefined;
  /** Ends early, without an error, when `stop` fires. */
  read(stop: AbortSignal): AsyncIterable<Uint8Array>;
}

const chunkBytes = 256 * 1024;
/** How long lines from a pipe may wait for a batch to fill. */
const quietMs = 500;

/** Opens a file, or stdin for `-`. Throws {@link CliError}. */
export async function openInput(file: string): Promise<Input> {
  if (file === '-') {
    if (process.stdin.isTTY) note('Sending what you type; Ctrl-D ends it.');
    return {
      name: 'stdin',
      size: undefined,
      read: (stop) => withPauses(untilStopped(process.stdin, stop)),
    };
  }
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw new CliError(`can't read ${file}: ${explain(error)}.`, { cause: error });
  });
  const stats = await handle.stat();
  if (stats.isDirectory()) {
    await handle.close();
    throw new CliError(`can't read ${file}: it is a directory.`);
  }
  const stream = handle.createReadStream({ highWaterMark: chunkBytes });
  const size = stats.isFile() ? stats.size : undefined;
  return { name: file, size, read: (stop) => untilStopped(stream, stop) };
}

async function* untilStopped(stream: Readable, stop: AbortSignal): AsyncGenerator<Uint8Array> {
  const destroy = (): unknown => stream.destroy();
  stop.addEventListener('abort', destroy, { once: true });
  try {
    if (!stop.aborted) yield* stream;
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    stop.removeEventListener('abort', destroy);
  }
}

/** Puts an empty chunk in wherever nothing has come for {@link quietMs}, so that `tail -f` is sent as it grows. */
export async function* withPauses(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  let next = iterator.next();
  let quiet = true;
  for (;;) {
    if (!quiet && !(await isSettledWithin(next, quietMs))) {
      quiet = true;
      yield new Uint8Array(0);
    }
    const { value, done } = await next;
    if (done) return;
    quiet = false;
    next = iterator.next();
    yield value;
  }
}

async function isSettledWithin(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const timer = new AbortController();
  const settled = promise.then(
    () => true,
    () => true,
  );
  const late = delay(ms, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([settled, late]);
  } finally {
    timer.abort();
  }
}

function explain(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'its permissions forbid it';
  return messageOf(error);
}
