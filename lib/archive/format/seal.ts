import { hash } from 'node:crypto';
import type { AppName } from '../../drains/app-name.ts';
import type { BatchFacts } from '../../logplex/batch.ts';
import type { LogplexRequest } from '../../logplex/request.ts';
import { type BatchHeader, encodeBatchHeader } from './batch-header.ts';
import { deflate, releaseParts } from './deflate.ts';
import { type ObjectKey, objectKey } from './key.ts';
import { assembleMember } from './member.ts';
import { reachOf } from './reach.ts';
import { batchUuid } from './uuid.ts';

/** A batch as it goes into the archive. */
export interface SealedBatch {
  readonly key: ObjectKey;
  readonly member: Buffer;
  readonly headerTruncated: boolean;
}

export interface BatchToSeal {
  /** The frames exactly as received. */
  readonly raw: Buffer;
  readonly facts: BatchFacts;
  readonly request: LogplexRequest;
  readonly app: AppName;
  readonly oddPath?: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  /** Why the batch is not well formed. */
  readonly malformed?: string;
  /** Whether other batches wait for this thread. */
  readonly othersWait?: boolean;
}

/** Makes one batch into its member and its key (docs/archive-format.md). Fails for no content. */
export async function sealBatch(batch: BatchToSeal): Promise<SealedBatch> {
  const { raw, facts, request, app, receivedAt } = batch;
  const sha256 = hash('sha256', raw, 'buffer');
  const payload =
    facts.payloadStart === 0 ? sha256 : hash('sha256', raw.subarray(facts.payloadStart), 'buffer');
  const { from, to, epochMs, oldest } = facts.times;
  const reach = reachOf(epochMs - oldest);
  const uuid = batchUuid({ ...request, drainToken: request.sentToken, sha256, reach });
  const { json, truncated } = encodeBatchHeader({
    v: 1,
    uuid,
    app,
    ...(batch.oddPath === undefined ? {} : { path: batch.oddPath }),
    ...(request.sentToken === undefined ? {} : { token: request.sentToken }),
    ...(request.frameId === undefined ? {} : { frame: request.frameId }),
    ...(request.requestId === undefined ? {} : { request: request.requestId }),
    ...(request.claimed === undefined ? {} : { claimed: request.claimed }),
    found: facts.messages,
    received: formatTime(receivedAt),
    ...(from === undefined ? {} : { from: formatTime(from) }),
    ...(to === undefined ? {} : { to: formatTime(to) }),
    bytes: raw.length,
    sha256: sha256.toString('hex'),
    payload: payload.toString('hex'),
    ...(facts.notices === 0 ? {} : declaredLost(facts)),
    ...(batch.malformed === undefined ? {} : { malformed: batch.malformed }),
  });
  return {
    key: objectKey({ app, epochMs, uuid }),
    member: await makeMember(json, batch),
    headerTruncated: truncated,
  };
}

function declaredLost({ losses, lostElsewhere }: BatchFacts): Pick<BatchHeader, 'losses' | 'lostElsewhere'> {
  return {
    ...(Object.keys(losses).length === 0 ? {} : { losses }),
    ...(Object.keys(lostElsewhere).length === 0 ? {} : { lostElsewhere }),
  };
}

async function makeMember(headerJson: Buffer, { raw, othersWait = false }: BatchToSeal): Promise<Buffer> {
  const deflated = await deflate(raw, othersWait);
  const member = assembleMember(headerJson, raw, deflated);
  releaseParts(deflated);
  return member;
}

/** RFC 3339 in UTC, with milliseconds. */
function formatTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
