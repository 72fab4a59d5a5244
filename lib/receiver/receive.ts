import { type SealedBatch, sealBatch } from '../archive/format/seal.ts';
import type { Log } from '../base/log.ts';
import { release } from '../base/release-memory.ts';
import type { CachedRegistry } from '../drains/cached-registry.ts';
import { findSecret, type LiveSecret, presentedSecrets } from '../drains/credentials.ts';
import { parameterNames } from '../drains/parameters.ts';
import type { Registry } from '../drains/registry.ts';
import { nameInPath, pathOfTarget } from '../drains/request-path.ts';
import { type ResolvedApp, resolveApp } from '../drains/resolve.ts';
import { type BatchFacts, inspectBatch } from '../logplex/batch.ts';
import { type LogplexRequest, type RequestHeaders, readRequestHeaders } from '../logplex/request.ts';
import type { CounterName, Counters, Sample } from '../metrics/counters.ts';
import { type DecodedBody, decodeBody } from './decode-body.ts';
import type { Delivered, Delivery } from './delivery.ts';
import { BodyError } from './errors.ts';

/** A request, whatever carried it here. */
export interface ReceiverRequest {
  readonly method: string;
  /** The request target: a path with or without a query, or a whole URL, as proxies send it. */
  readonly path: string;
  readonly headers: RequestHeaders;
  /** Milliseconds since 1970 at which the platform took the request: the answer's time counts from here. */
  readonly startedAt: number;
  /** The whole body. Called only after the sender is authenticated; rejects with {@link BodyError}. */
  body(): Promise<Buffer>;
}

export interface Answer {
  /** The HTTP status; the body is always empty. */
  readonly status: 200 | 401 | 405 | 413 | 503;
  /** Close the connection without an answer: the body broke off, so nobody waits for one. */
  readonly hangUp?: true;
}

export interface Receiver {
  readonly registry: CachedRegistry;
  readonly delivery: Delivery;
  readonly counters: Counters;
  readonly log: Log;
}

/** The largest body that is stored, before and after inflating. */
export const maxBodyBytes: number = 16 * 1024 * 1024;

/** Logplex gives up after 5 s; an answer after this much comes too late to be of use. */
const answerWithinMs = 4_000;
/** What the answer itself takes, after store and spool have been given up: on a busy machine, timers come late. */
const answeringMs = 250;

/** Requests that this process is receiving now: one in Lambda, any number in `serve`. */
let underWay = 0;

/**
 * The receiver contract (docs/architecture.md): authenticate from the headers, then read and decode the body,
 * then store it, whatever it holds. Answers 200 only for what is durable, and never another 4xx than 401, 405
 * and 413, since Heroku drops for good what a 4xx refuses. Never rejects.
 */
export async function receive(receiver: Receiver, request: ReceiverRequest): Promise<Answer> {
  const path = pathOfTarget(request.path);
  if (request.method !== 'POST') {
    const looks = request.method === 'GET' || request.method === 'HEAD';
    return { status: looks && nameInPath(path) === 'healthz' ? 200 : 405 };
  }
  const { answer, sample } = await receiveWhatever(receiver, request, path);
  try {
    receiver.counters.record(sample);
  } catch (error) {
    // What is stored stays stored: counting never changes an answer.
    receiver.log.error('a request could not be counted', { error });
  }
  return answer;
}

/** An answer, and what it adds to the counters. */
interface Outcome {
  readonly answer: Answer;
  readonly sample: Sample;
}

async function receiveWhatever(receiver: Receiver, request: ReceiverRequest, path: string): Promise<Outcome> {
  underWay += 1;
  try {
    return await receiveBatch(receiver, request, path);
  } catch (error) {
    receiver.log.error('a batch could not be received', { error });
    return { answer: { status: 503 }, sample: { counts: { undelivered: 1 } } };
  } finally {
    underWay -= 1;
  }
}

async function receiveBatch(receiver: Receiver, request: ReceiverRequest, path: string): Promise<Outcome> {
  const headers = readRequestHeaders(request.headers);
  const judged = await authenticate(receiver.registry, headers);
  if (judged.verdict !== 'accepted') {
    if (judged.verdict === 'unjudged') receiver.log.error('no registry to judge credentials by');
    return {
      answer: { status: judged.verdict === 'refused' ? 401 : 503 },
      sample: { counts: judged.counts },
    };
  }

  const app = resolveApp(judged.registry, judged.secret, headers.drainToken, path);
  let received: Buffer;
  try {
    received = await request.body();
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    receiver.log.warn('a body did not arrive', { app: app.app, why: error.code });
    return error.code === 'aborted'
      ? { answer: { status: 503, hangUp: true }, sample: { app: app.app, counts: { aborted: 1 } } }
      : { answer: { status: 413 }, sample: { app: app.app, counts: { 'too-large': 1 } } };
  }

  const body = await decodeBody(received, headers.contentEncoding, maxBodyBytes);
  const receivedAt = Date.now();
  const facts = inspectBatch(body.raw, receivedAt, headers.drainToken);
  const malformed = whyMalformed(body, facts, headers);
  const sealed = await sealBatch({
    ...app,
    raw: body.raw,
    facts,
    request: headers,
    receivedAt,
    othersWait: underWay > 1,
    ...(malformed === undefined ? {} : { malformed }),
  });
  return deliver(receiver, request, { app, secret: judged.secret, body, facts, malformed, sealed });
}

interface Accepted {
  readonly verdict: 'accepted';
  readonly secret: LiveSecret;
  readonly registry: Registry;
}

interface NotAccepted {
  /** `unjudged`: there is no registry recent enough to refuse anybody by. */
  readonly verdict: 'refused' | 'unjudged';
  readonly counts: Sample['counts'];
}

async function authenticate(cache: CachedRegistry, headers: LogplexRequest): Promise<Accepted | NotAccepted> {
  const unjudged: NotAccepted = { verdict: 'unjudged', counts: { 'registry-unavailable': 1 } };
  const presented = presentedSecrets(headers.authorization);
  const registry = await cache.current();
  if (registry === undefined) return unjudged;
  const secret = findSecret(registry.secrets, presented);
  if (secret !== undefined) return { verdict: 'accepted', secret, registry };
  // The secret may be seconds old: nobody is refused by a registry that may not know it yet.
  const fresh = await cache.currentToRefuse();
  if (fresh === undefined) return unjudged;
  const added = findSecret(fresh.secrets, presented);
  if (added !== undefined) return { verdict: 'accepted', secret: added, registry: fresh };
  // One that is damaged may be this very sender's.
  if (fresh.invalid.some((name) => name.startsWith(parameterNames.secrets))) return unjudged;
  const known = headers.drainToken !== undefined && fresh.tokens.has(headers.drainToken);
  const lost: Sample['counts'] = { [known ? 'refused-drain-known' : 'refused-drain-unknown']: 1 };
  return { verdict: 'refused', counts: { unauthorised: 1, ...(headers.fromLogplex ? lost : {}) } };
}

function whyMalformed(body: DecodedBody, facts: BatchFacts, headers: LogplexRequest): string | undefined {
  const { claimed } = headers;
  const counted = claimed === undefined || claimed === facts.messages;
  const faults = [
    body.fault,
    facts.fault,
    counted ? undefined : `${claimed} messages claimed, ${facts.messages} found`,
  ].filter((fault) => fault !== undefined);
  return faults.length === 0 ? undefined : faults.join('; ');
}

interface Batch {
  readonly app: ResolvedApp;
  readonly secret: LiveSecret;
  readonly body: DecodedBody;
  readonly facts: BatchFacts;
  readonly malformed: string | undefined;
  readonly sealed: SealedBatch;
}

async function deliver(receiver: Receiver, request: ReceiverRequest, batch: Batch): Promise<Outcome> {
  const { sealed, app, secret } = batch;
  let delivered: Delivered;
  try {
    // A clock that was set back meanwhile gives nobody more time.
    const spentMs = Math.max(0, Date.now() - request.startedAt);
    delivered = await receiver.delivery.deliver(sealed, answerWithinMs - answeringMs - spentMs);
  } catch (error) {
    receiver.log.error('a batch could not be stored', { app: app.app, key: sealed.key, error });
    return { answer: { status: 503 }, sample: { app: app.app, counts: { undelivered: 1 } } };
  }
  const latency = Math.max(0, Date.now() - request.startedAt);
  const counts = delivered.duplicate
    ? { duplicates: 1, latency }
    : { ...countStored(batch), latency, ...(delivered.path === 'spool' ? { spooled: 1 } : {}) };
  if (delivered.releasable) release(sealed.member);
  return { answer: { status: 200 }, sample: { app: app.app, secretId: secret.id, counts } };
}

function countStored({ app, body, facts, malformed, sealed }: Batch): Partial<Record<CounterName, number>> {
  return {
    batches: 1,
    messages: facts.messages,
    bytes: body.raw.length,
    'stored-bytes': sealed.member.length,
    ...(malformed === undefined ? {} : { malformed: 1 }),
    ...(app.listed ? {} : { unlisted: 1 }),
    ...(app.mismatched ? { mismatched: 1 } : {}),
    ...(body.inflated ? { inflated: 1 } : {}),
    ...(sealed.headerTruncated ? { 'headers-truncated': 1 } : {}),
    ...(facts.notices === 0 ? {} : countLosses(facts)),
  };
}

function countLosses({ notices, losses, lostElsewhere }: BatchFacts): Partial<Record<CounterName, number>> {
  const sum = (counts: BatchFacts['losses']) => Object.values(counts).reduce((all, count) => all + count, 0);
  const elsewhere = sum(lostElsewhere);
  return {
    'loss-notices': notices,
    'messages-lost': sum(losses),
    ...(elsewhere === 0 ? {} : { 'messages-lost-elsewhere': elsewhere }),
  };
}
