import type { AppName } from '../../drains/app-name.ts';
import { maxSpanMs } from '../../logplex/batch-times.ts';
import type { BatchHeader } from '../format/batch-header.ts';
import { appPrefix, type KeyParts, keysFrom, parseKey } from '../format/key.ts';
import { type FoundMember, findMembers, MemberError, walkMembers } from '../format/member.ts';
import { reachMs, reachOfUuid } from '../format/reach.ts';
import { HeaderError, memberEpoch, parseBatchHeader, recoverBatchHeader } from '../format/read-header.ts';
import { batchUuid } from '../format/uuid.ts';
import { type ArchiveReader, type StoredObject, StoreError } from '../store/store.ts';

/** Milliseconds since 1970. Without `until`, to the end of what is stored. */
export interface TimeRange {
  readonly since: number;
  /** The first instant that is not in the range any more. */
  readonly until?: number;
}

/** What a reader has to tell beside what it read; reading goes on. */
export interface Problem {
  readonly kind: 'problem';
  readonly key: string;
  /** `foreign`: not an object of this archive, and left alone. The other two can cost messages. */
  readonly problem: 'foreign' | 'unreadable' | 'damaged';
  readonly why: string;
}

/** A member as it is stored, not inflated yet. */
export interface StoredMember {
  readonly key: string;
  /** Its own: what orders it among the members of its app. */
  readonly epochMs: number;
  readonly header: BatchHeader;
  readonly bytes: Buffer;
  /** Where it starts in its object. */
  readonly offset: number;
  /** Its object is damaged, which was told: `bytes` may be less or more than the member. */
  readonly isRecovered: boolean;
}

export interface ReadObject {
  readonly kind: 'object';
  readonly key: string;
  readonly epochMs: number;
  /** Bytes as stored. */
  readonly size: number;
  readonly members: readonly StoredMember[];
}

/** An object of several members holds one hour, and is named by its first member. */
const objectSpanMs = 60 * 60 * 1000;
/** Tries of a batch lie so near to each other: a reader that shows one has to see the others. */
const triesMs = 10 * 60 * 1000;

/** How far before a range the keys of objects lie that can hold messages of it. */
export const listedBeforeMs: number = objectSpanMs + triesMs;
/** How far behind a range: no message is older than that and counts at its own time. */
const listedBehindMs = maxSpanMs;

/** Whether an object of this key can hold messages of the range. */
export function canHold({ epochMs, uuid }: KeyParts, { since, until }: TimeRange): boolean {
  const reachesBack = until === undefined || epochMs - reachMs(reachOfUuid(uuid)) < until;
  return reachesBack && epochMs >= since - listedBeforeMs;
}

/** A key has 13 digits. */
const lastKeyEpochMs = 9_999_999_999_999;

/** Reads ahead of the consumer: a store answers many reads at once faster than one after the other. */
const maxReads = 16;
const maxReadBytes = 64 * 1024 * 1024;

/**
 * Every object of an app that can hold messages of the range, in the order of their keys, each with the
 * members that are readable; and the problems met. Throws {@link StoreError} where the store fails as a whole.
 */
export async function* readObjects(
  reader: ArchiveReader,
  app: AppName,
  range: TimeRange,
): AsyncGenerator<ReadObject | Problem> {
  const loading: { readonly size: number; readonly loaded: Promise<readonly (ReadObject | Problem)[]> }[] =
    [];
  let bytes = 0;
  for await (const object of listObjects(reader, app, range)) {
    while (loading.length >= maxReads || (loading.length > 0 && bytes + object.size > maxReadBytes)) {
      const oldest = loading.shift();
      bytes -= oldest?.size ?? 0;
      yield* (await oldest?.loaded) ?? [];
    }
    const loaded = load(reader, object);
    // Whoever awaits it gets the error; nobody does when the consumer has stopped.
    loaded.catch(() => undefined);
    loading.push({ size: object.size, loaded });
    bytes += object.size;
  }
  for (const { loaded } of loading) yield* await loaded;
}

async function* listObjects(
  reader: ArchiveReader,
  app: AppName,
  range: TimeRange,
): AsyncGenerator<StoredObject> {
  const { since, until } = range;
  const from = keysFrom(app, Math.max(0, since - listedBeforeMs));
  const last = until === undefined ? lastKeyEpochMs : Math.max(0, until + listedBehindMs);
  const end = last < lastKeyEpochMs ? keysFrom(app, last + 1) : undefined;
  for await (const object of reader.list(appPrefix(app), from)) {
    if (end !== undefined && object.key >= end) return;
    const parts = parseKey(object.key);
    if (parts === undefined || canHold(parts, range)) yield object;
  }
}

async function load(
  reader: ArchiveReader,
  { key }: StoredObject,
): Promise<readonly (ReadObject | Problem)[]> {
  const parts = parseKey(key);
  if (parts === undefined)
    return [{ kind: 'problem', key, problem: 'foreign', why: 'not a key of this archive' }];
  try {
    return readObject(key, parts, await reader.read(key));
  } catch (error) {
    if (!(error instanceof StoreError) || error.retry) throw error;
    return [{ kind: 'problem', key, problem: 'unreadable', why: error.message }];
  }
}

/** The members of one object, followed by what is wrong with it. Never throws. */
function readObject(key: string, { app, epochMs }: KeyParts, bytes: Buffer): (ReadObject | Problem)[] {
  const members: StoredMember[] = [];
  const problems: Problem[] = [];
  const damaged = (why: string) => problems.push({ kind: 'problem', key, problem: 'damaged', why });
  if (bytes.length === 0) damaged('the object is empty');
  let found: FoundMember[];
  let isRecovered = false;
  try {
    found = [...walkMembers(bytes)];
  } catch (error) {
    if (!(error instanceof MemberError)) throw error;
    damaged(error.message);
    found = [...findMembers(bytes)];
    isRecovered = true;
  }
  for (const { bytes: member, headerJson, offset } of found) {
    let header: BatchHeader | undefined;
    try {
      header = parseBatchHeader(headerJson);
    } catch (error) {
      if (!(error instanceof HeaderError)) throw error;
      damaged(`member at byte ${offset}: ${error.message}`);
      const uuid = batchUuid({ requestId: key, sha256: Buffer.from(String(offset)) });
      header = recoverBatchHeader(headerJson, { uuid, app, received: new Date(epochMs).toISOString() });
    }
    if (header === undefined) continue;
    const own = { epochMs: memberEpoch(header), header, bytes: member, offset, isRecovered };
    members.push({ key, ...own });
  }
  return [{ kind: 'object', key, epochMs, size: bytes.length, members }, ...problems];
}
