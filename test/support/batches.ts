import { type ObjectKey, objectKey } from '../../lib/archive/format/key.ts';
import { walkMembers } from '../../lib/archive/format/member.ts';
import { memberEpoch, parseBatchHeader } from '../../lib/archive/format/read-header.ts';
import { type SealedBatch, sealBatch } from '../../lib/archive/format/seal.ts';
import { objectUuid } from '../../lib/archive/format/uuid.ts';
import { type Message, readRange } from '../../lib/archive/read/read-messages.ts';
import type { Problem, TimeRange } from '../../lib/archive/read/read-objects.ts';
import type { ArchiveReader } from '../../lib/archive/store/store.ts';
import type { AppName } from '../../lib/drains/app-name.ts';
import { inspectBatch } from '../../lib/logplex/batch.ts';
import { parseDrainToken } from '../../lib/logplex/drain-token.ts';
import { visitFrames } from '../../lib/logplex/frames.ts';
import { messageTime } from '../../lib/logplex/timestamp.ts';
import { MemoryArchive } from './memory-archive.ts';

export const testApp = 'my-app' as AppName;
export const testToken = 'd.0b5ff6ad-0000-4000-8000-000000000001';

export interface BatchSetup {
  readonly token?: string | undefined;
  readonly frameId?: string | undefined;
  readonly requestId?: string | undefined;
  readonly receivedAt?: number;
  readonly app?: AppName;
}

/** A member and its key, as the receiver would make them of these bytes. */
export async function seal(raw: Buffer, setup: BatchSetup = {}): Promise<SealedBatch> {
  const { token, frameId, requestId, receivedAt = latestTime(raw) ?? Date.now(), app = testApp } = setup;
  const drainToken = parseDrainToken(token);
  const facts = inspectBatch(raw, receivedAt, drainToken);
  return sealBatch({
    raw,
    facts,
    request: {
      fromLogplex: true,
      ...(token === undefined ? {} : { sentToken: token }),
      ...(drainToken === undefined ? {} : { drainToken }),
      ...(frameId === undefined ? {} : { frameId }),
      ...(requestId === undefined ? {} : { requestId }),
    },
    app,
    receivedAt,
    ...(facts.fault === undefined ? {} : { malformed: facts.fault }),
  });
}

function latestTime(raw: Buffer): number | undefined {
  const times: number[] = [];
  visitFrames(raw, (start, end) => {
    times.push(messageTime(raw, start, end));
  });
  const known = times.filter((time) => !Number.isNaN(time));
  return known.length === 0 ? undefined : Math.max(...known);
}

/** One object of several members, as the archiver would make it, but however far apart they are. */
export function mergeMembers(batches: readonly SealedBatch[], app: AppName = testApp): StoredBatches {
  const members = batches
    .flatMap(({ member }) => [...walkMembers(member)])
    .map(({ bytes, headerJson }) => {
      const header = parseBatchHeader(headerJson);
      return { bytes, epochMs: memberEpoch(header), uuid: header.uuid };
    })
    .sort((a, b) => a.epochMs - b.epochMs || (a.uuid < b.uuid ? -1 : Number(a.uuid > b.uuid)));
  const [first] = members;
  if (first === undefined) throw new Error('an object has at least one member');
  return {
    key: objectKey({ app, epochMs: first.epochMs, uuid: objectUuid(members) }),
    body: Buffer.concat(members.map(({ bytes }) => bytes)),
  };
}

export interface StoredBatches {
  readonly key: ObjectKey;
  readonly body: Buffer;
}

/** An archive that holds every batch as an object of its own. */
export function archiveOf(...batches: readonly SealedBatch[]): MemoryArchive {
  return archiveOfObjects(batches.map(({ key, member }) => ({ key, body: member })));
}

export function archiveOfObjects(
  objects: readonly { readonly key: string; readonly body: Buffer }[],
): MemoryArchive {
  const archive = new MemoryArchive();
  for (const { key, body } of objects) archive.objects.set(key, body);
  return archive;
}

export interface ReadBack {
  readonly messages: readonly Message[];
  readonly problems: readonly Problem[];
}

/** Everything that a range holds; without a range, everything. */
export async function readBack(
  archive: ArchiveReader,
  range: TimeRange = { since: 0 },
  app: AppName = testApp,
): Promise<ReadBack> {
  const messages: Message[] = [];
  const problems: Problem[] = [];
  for await (const item of readRange(archive, app, range)) {
    if (item.kind === 'problem') problems.push(item);
    else messages.push(item);
  }
  return { messages, problems };
}

/** The text of each message, for short expectations. */
export function texts({ messages }: ReadBack): string[] {
  return messages.map(({ bytes, header }) => bytes.toString('utf8', header?.text ?? 0).trimEnd());
}
