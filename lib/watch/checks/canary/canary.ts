import type { ArchiveReader } from '../../../archive/store/store.ts';
import { messageOf } from '../../../base/errors.ts';
import { canaryApp } from '../../../drains/canary-app.ts';
import type { Check, Evidence, Finding, FindingStatus, Look, Memory } from '../../../findings/finding.ts';
import type { SpoolStatus } from '../../../spool/spool.ts';
import { type ArchiveLag, noLag } from '../../archive-lag.ts';
import { type Found, findTracer, foundWithinMs } from './find-tracer.ts';
import { explainPosted, type Posted, postTracer } from './post-tracer.ts';
import { makeTracer, type Tracer } from './tracer.ts';

export interface CanaryOptions {
  /** The canary's drain URL, as `tracerUrl` finds it; undefined when there is none. */
  drainUrl(): Promise<string | undefined>;
  readonly archive: ArchiveReader;
  /** Left out where each batch is stored at once, and there is no spool. */
  readonly lag?: ArchiveLag;
  /** How long to look for the tracer, besides the archiver's window; 30 s by default. */
  readonly withinMs?: number;
  /** How long a look may wait for a tracer; 40 s by default. */
  readonly patienceMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What the canary is about: the whole way in, of whatever app. */
export const canarySubject = 'round-trip';

/**
 * Posts a tracer to the public URL, as Heroku would, and finds it in the archive, byte for byte: what no look at
 * the parts alone can tell. It takes as long as its waits: 45 s at the most.
 *
 * Where batches are gathered for longer than a look may wait, each look posts a tracer, and finds the one before.
 */
export function canaryCheck(options: CanaryOptions): Check {
  return { name: 'canary', look: async (look) => [await roundTrip(options, look)] };
}

/** Who was away for so long begins anew. */
const forgetsMs = 24 * 60 * 60 * 1000;
/** How old what is measured of the spool may be. */
const measuredLateMs = 2 * 60 * 1000;

async function roundTrip(options: CanaryOptions, look: Look): Promise<Finding> {
  const { now = Date.now } = options;
  const { signal } = look;
  let drainUrl: string | undefined;
  try {
    drainUrl = await options.drainUrl();
  } catch (error) {
    return finding('unknown', {
      summary: `The canary's drain URL can't be read: ${messageOf(error)}`,
      remedy: 'See that the watch may read its parameters',
    });
  }
  if (drainUrl === undefined) {
    return finding('warning', {
      summary: 'There is no drain URL for the canary, so nobody tries whether batches still arrive',
      remedy: `Make one with \`cistern drain add ${canaryApp}\``,
    });
  }

  const tracer = makeTracer(now());
  const posted = await postTracer(tracer, drainUrl, signal);
  const fault = explainPosted(posted);
  if (fault !== undefined) {
    return finding(posted.outcome === 'unusable' ? 'warning' : 'critical', {
      summary: `A batch of our own ${fault.fault}`,
      remedy: fault.remedy,
      evidence: evidenceOf(posted),
    });
  }
  return lookFor(options, look, { posted, tracer, earlier: earlierTracer(look, now()) });
}

interface Sent {
  readonly posted: Posted;
  readonly tracer: Tracer;
  /** One that an earlier look has posted, and not found. */
  readonly earlier: Tracer | undefined;
}

async function lookFor(options: CanaryOptions, { signal }: Look, sent: Sent): Promise<Finding> {
  const { archive, lag = noLag, withinMs = foundWithinMs, patienceMs = 40_000, now = Date.now } = options;
  const { posted, tracer, earlier } = sent;
  const wanted = earlier ?? tracer;
  const longMs = lag.windowMs + withinMs;
  const leftMs = earlier === undefined ? longMs : Math.max(0, earlier.epochMs + longMs - now());
  let found: Found;
  try {
    found = await findTracer(archive, wanted, {
      app: canaryApp,
      withinMs: Math.min(leftMs, patienceMs),
      wholeHour: lag !== noLag,
      signal,
    });
  } catch (error) {
    const summary = signal.aborted
      ? `A batch of our own was acknowledged; looking for it was cut short: ${messageOf(signal.reason)}`
      : `A batch of our own was acknowledged; the archive can't be read: ${messageOf(error)}`;
    return finding('unknown', {
      summary,
      remedy: `See that the watch may list the archive and read logs/${canaryApp}/`,
      evidence: evidenceOf(posted),
    });
  }
  const evidence = { ...evidenceOf(posted), frame: wanted.frameId, bytes: wanted.body.length };
  if (found.outcome === 'missing' && leftMs > patienceMs) {
    return finding('skipped', {
      summary:
        'A batch of our own was acknowledged; whether it gets into the archive is seen at the next look',
      evidence,
      memory: memoryOf(wanted),
    });
  }
  // The next look finds the one that this look has no time to find.
  const memory = longMs > patienceMs ? memoryOf(tracer) : {};
  if (found.outcome !== 'missing') return { ...judgeFound(found, { posted, evidence, earlier }), memory };
  const agoMs = now() - wanted.epochMs;
  const waiting = spooledSince(await lag.spooled(signal), agoMs);
  const notThere = `A batch of our own was acknowledged, but is not in the archive after ${Math.round(agoMs / 1000)} s`;
  if (waiting === undefined) {
    return finding('critical', {
      summary: notThere,
      remedy: `See whether it went to another app (\`cistern drain list\`) or to another archive`,
      evidence,
      memory,
    });
  }
  return finding('warning', {
    summary: `${notThere}: it may be among the ${waiting.toLocaleString('en')} that wait in the spool`,
    remedy: `See why the archiver does not empty the spool (\`cistern spool status\`, and its log)`,
    evidence: { ...evidence, spooled: waiting },
    memory: memoryOf(wanted),
  });
}

/** How many wait in the spool, where what was posted so long ago can be one of them. */
function spooledSince(status: SpoolStatus | undefined, agoMs: number): number | undefined {
  if (status === undefined) return undefined;
  const { waiting, underWay, oldestMs = Number.POSITIVE_INFINITY } = status;
  const count = waiting + underWay;
  return count > 0 && oldestMs >= agoMs - measuredLateMs ? count : undefined;
}

function judgeFound(
  found: Exclude<Found, { readonly outcome: 'missing' }>,
  { posted, evidence, earlier }: Pick<Sent, 'posted' | 'earlier'> & { readonly evidence: Evidence },
): Finding {
  const { key } = found;
  if (found.outcome === 'changed') {
    return finding('critical', {
      summary: 'A batch of our own was stored, but not byte for byte',
      remedy: 'Keep the object; see what stands between senders and the receiver, and what was deployed last',
      evidence: { ...evidence, key },
    });
  }
  const answerMs = 'ms' in posted ? posted.ms : 0;
  const answered = `answered after ${Math.round(answerMs)} ms`;
  if (earlier !== undefined) {
    return finding('ok', {
      summary: `The batch of our own of ${new Date(earlier.epochMs).toISOString()} was stored byte for byte; the next was ${answered}`,
      evidence: { ...evidence, key },
    });
  }
  const objectMs = Math.round(answerMs + found.listedMs);
  return finding('ok', {
    summary: `A batch of our own was stored byte for byte, ${answered} and found after ${objectMs} ms`,
    evidence: { ...evidence, objectMs, key },
  });
}

function memoryOf({ epochMs, frameId }: Tracer): Memory {
  return { epochMs, frameId };
}

function earlierTracer(look: Look, now: number): Tracer | undefined {
  const { epochMs, frameId } = look.remembered(canarySubject) ?? {};
  if (typeof epochMs !== 'number' || typeof frameId !== 'string') return undefined;
  return now - epochMs > forgetsMs ? undefined : makeTracer(epochMs, frameId);
}

interface Words {
  readonly summary: string;
  readonly remedy?: string;
  readonly evidence?: Evidence;
  readonly memory?: Memory;
}

function finding(status: FindingStatus, { remedy = '', evidence = {}, ...rest }: Words): Finding {
  return { check: 'canary', subject: canarySubject, status, remedy, evidence, ...rest };
}

function evidenceOf(posted: Posted): Evidence {
  return {
    ...('status' in posted ? { answered: posted.status } : {}),
    ...('ms' in posted ? { answerMs: Math.round(posted.ms) } : {}),
  };
}
