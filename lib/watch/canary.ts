import type { ArchiveReader } from '../archive/store.ts';
import { canaryApp } from './canary-app.ts';
import type { Check, Evidence, Finding, FindingStatus, Look } from './finding.ts';
import { makeTracer } from './tracer.ts';
import { type Found, findTracer } from './tracer-find.ts';
import { explainPosted, type Posted, postTracer } from './tracer-post.ts';

export interface CanaryOptions {
  /** The canary's drain URL, as `tracerUrl` finds it; undefined when there is none. */
  drainUrl(): Promise<string | undefined>;
  readonly archive: ArchiveReader;
  /** How long batches are gathered before they are stored; left out where each is stored at once. */
  readonly windowMs?: number;
  /** How long to look for the tracer, besides that window; 30 s by default. */
  readonly withinMs?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What the canary is about: the whole way in, of whatever app. */
export const canarySubject = 'round-trip';

/**
 * Posts a tracer to the public URL, as Heroku would, and finds it in the archive, byte for byte: what no look at
 * the parts alone can tell. It takes as long as its waits, 35 s and the batch window at the most.
 */
export function canaryCheck(options: CanaryOptions): Check {
  return { name: 'canary', look: async (look) => [await roundTrip(options, look)] };
}

async function roundTrip(options: CanaryOptions, { signal }: Look): Promise<Finding> {
  const { archive, windowMs = 0, withinMs, now = Date.now } = options;
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

  let found: Found;
  try {
    found = await findTracer(archive, tracer, {
      app: canaryApp,
      windowMs,
      signal,
      ...(withinMs === undefined ? {} : { withinMs }),
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
  return judge(posted, found, { frame: tracer.frameId, bytes: tracer.body.length });
}

function judge(posted: Posted, found: Found, sent: Evidence): Finding {
  const evidence = { ...evidenceOf(posted), ...sent };
  switch (found.outcome) {
    case 'found': {
      const answerMs = 'ms' in posted ? posted.ms : 0;
      const objectMs = Math.round(answerMs + found.listedMs);
      return finding('ok', {
        summary: `A batch of our own was stored byte for byte, answered after ${Math.round(answerMs)} ms and found after ${objectMs} ms`,
        evidence: { ...evidence, objectMs, key: found.key },
      });
    }
    case 'changed':
      return finding('critical', {
        summary: 'A batch of our own was stored, but not byte for byte',
        remedy:
          'Keep the object; see what stands between senders and the receiver, and what was deployed last',
        evidence: { ...evidence, key: found.key },
      });
    case 'missing':
      return finding('critical', {
        summary: `A batch of our own was acknowledged, but is not in the archive after ${Math.round(found.ms / 1000)} s`,
        remedy: `See whether it went to another app (\`cistern drain list\`), another archive, or waits in the spool`,
        evidence,
      });
  }
}

interface Words {
  readonly summary: string;
  readonly remedy?: string;
  readonly evidence?: Evidence;
}

function finding(status: FindingStatus, { summary, remedy = '', evidence = {} }: Words): Finding {
  return { check: 'canary', subject: canarySubject, status, summary, remedy, evidence };
}

function evidenceOf(posted: Posted): Evidence {
  return {
    ...('status' in posted ? { answered: posted.status } : {}),
    ...('ms' in posted ? { answerMs: Math.round(posted.ms) } : {}),
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
