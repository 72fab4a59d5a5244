import { setTimeout as delay } from 'node:timers/promises';
import type { BatchHeader } from '../../../archive/format/batch-header.ts';
import { InflateError, inflateCapped } from '../../../archive/format/inflate.ts';
import { appPrefix, keysFrom, parseKey } from '../../../archive/format/key.ts';
import { readableMembers } from '../../../archive/format/member.ts';
import { HeaderError, parseBatchHeader } from '../../../archive/format/read-header.ts';
import { type ArchiveReader, StoreError } from '../../../archive/store/store.ts';
import type { AppName } from '../../../drains/app-name.ts';
import type { Tracer } from './tracer.ts';

/** What became of looking for a tracer in the archive. Milliseconds since the search began. */
export type Found =
  | {
      readonly outcome: 'found';
      readonly key: string;
      readonly listedMs: number;
      /** When it was read back, byte for byte. */
      readonly readMs: number;
    }
  /** Its member is there, with other bytes than were sent, or with none that can be read. */
  | { readonly outcome: 'changed'; readonly key: string; readonly ms: number }
  | { readonly outcome: 'missing'; readonly ms: number };

export interface Search {
  readonly app: AppName;
  /** How long batches are gathered before they are stored; 0 where each is stored at once. */
  readonly windowMs?: number;
  /** How long to look, besides that window. */
  readonly withinMs?: number;
  /** Look at all objects of the tracer's hour: after a failure it may be in one that began long before it. */
  readonly wholeHour?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** How soon a tracer must be in the archive, besides the batch window. */
export const foundWithinMs = 30_000;

/** Milliseconds before each look but the first; the last goes on. */
const waits = [200, 500, 1_000, 2_000, 4_000];
/** Objects of others that a look reads, at most: those of a busy app are not worth reading all. */
const maxReads = 64;
const maxRawBytes = 1024 * 1024;
const hourMs = 60 * 60 * 1000;

/**
 * Looks for a tracer's member until it is there, in few requests: one list a look, and each object read at most
 * once. Rejects when the archive can't be read, or when `signal` aborts.
 */
export async function findTracer(archive: ArchiveReader, tracer: Tracer, search: Search): Promise<Found> {
  const { app, windowMs = 0, withinMs = foundWithinMs, wholeHour = false, signal } = search;
  const started = performance.now();
  const elapsed = (): number => performance.now() - started;
  // An object of several members is named by its first one, which can be older by the window, and is of the same
  // hour at the least.
  const hour = Math.floor(tracer.epochMs / hourMs) * hourMs;
  const from = keysFrom(app, wholeHour ? hour : Math.max(hour, tracer.epochMs - windowMs));
  const seen = new Set<string>();
  for (let looks = 0; ; looks += 1) {
    const keys = await orAborted(unseenKeys(archive, app, from, seen, tracer), signal);
    const listedMs = elapsed();
    for (const key of keys.slice(0, maxReads)) {
      seen.add(key);
      const content = await orAborted(contentOf(archive, key, tracer), signal);
      if (content === 'same') return { outcome: 'found', key, listedMs, readMs: elapsed() };
      if (content === 'changed') return { outcome: 'changed', key, ms: elapsed() };
    }
    const left = withinMs + windowMs - elapsed();
    if (left <= 0) return { outcome: 'missing', ms: elapsed() };
    const wait = waits[Math.min(looks, waits.length - 1)] ?? 0;
    await delay(Math.min(wait, left), undefined, signal === undefined ? {} : { signal });
  }
}

/** The tracer's own object first, where it has one; then those that began nearest to it. */
async function unseenKeys(
  archive: ArchiveReader,
  app: AppName,
  from: string,
  seen: ReadonlySet<string>,
  { uuid, epochMs }: Tracer,
): Promise<string[]> {
  const found: { readonly key: string; readonly distance: number }[] = [];
  for await (const { key } of archive.list(appPrefix(app), from)) {
    const parts = parseKey(key);
    if (parts === undefined || seen.has(key)) continue;
    found.push({ key, distance: parts.uuid === uuid ? -1 : Math.abs(parts.epochMs - epochMs) });
  }
  return found.sort((a, b) => a.distance - b.distance).map(({ key }) => key);
}

async function contentOf(
  archive: ArchiveReader,
  key: string,
  tracer: Tracer,
): Promise<'same' | 'changed' | 'other'> {
  let object: Buffer;
  try {
    object = await archive.read(key);
  } catch (error) {
    // Removed since it was listed.
    if (error instanceof StoreError && error.code === 'missing') return 'other';
    throw error;
  }
  const isOwn = parseKey(key)?.uuid === tracer.uuid;
  // What else is damaged in the object is not what is asked here.
  for (const member of readableMembers(object)) {
    const raw = await inflateCapped(member.bytes, maxRawBytes).catch(notInflated);
    if (raw?.equals(tracer.body)) return 'same';
    const header = headerOf(member.headerJson);
    if (header?.uuid === tracer.uuid || header?.frame === tracer.frameId) return 'changed';
  }
  return isOwn ? 'changed' : 'other';
}

function headerOf(json: Buffer): BatchHeader | undefined {
  try {
    return parseBatchHeader(json);
  } catch (error) {
    if (error instanceof HeaderError) return undefined;
    throw error;
  }
}

function notInflated(error: unknown): undefined {
  if (!(error instanceof InflateError)) throw error;
}

/** A store's port takes no signal, and must not hold up a run whose time is over. */
async function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  // Whichever loses the race has nobody to tell.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
