import type { DrainToken } from './drain-token.ts';
import { type Framing, type FramingFault, visitFrames } from './frames.ts';
import { readLossNotice } from './loss.ts';
import { visitPieces } from './misframed.ts';
import { readSyslogHeader } from './syslog.ts';

/** What one pass over a batch's bytes finds. */
export interface BatchFacts {
  /** Good frames, loss notices included; of a malformed batch, the messages that were guessed as well. */
  readonly messages: number;
  /** Why the body is not frames from front to back. */
  readonly fault?: FramingFault;
  /** Milliseconds since 1970 of the first and last message that is not a loss notice, where they are readable. */
  readonly firstTime?: number;
  readonly lastTime?: number;
  /** Where the payload starts: after the loss notices in front, which a retry may render anew. */
  readonly payloadStart: number;
  readonly notices: number;
  /** Messages declared lost for this drain, added up per code. */
  readonly losses: Readonly<Record<string, number>>;
  /** The same of notices about tail sessions and other drains. */
  readonly lostElsewhere: Readonly<Record<string, number>>;
}

/** Frames a batch, finds its loss notices and reads the time of its first and last message. Never throws. */
export function inspectBatch(body: Buffer, token?: DrainToken): BatchFacts {
  const facts = inspect(body, token, visitFrames);
  // Only a malformed batch is walked twice.
  return facts.fault === undefined ? facts : { ...inspect(body, token, visitMisframed), fault: facts.fault };
}

type Walk = (
  body: Buffer,
  visit: (start: number, end: number, next: number) => void,
) => Pick<Framing, 'frames' | 'fault'>;

const visitMisframed: Walk = (body, visit) => {
  let frames = 0;
  visitPieces(body, ({ kind, start, end, next }) => {
    if (kind === 'rest') return;
    visit(start, end, next);
    frames += 1;
  });
  return { frames };
};

function inspect(body: Buffer, token: DrainToken | undefined, walk: Walk): BatchFacts {
  const losses: Record<string, number> = {};
  const lostElsewhere: Record<string, number> = {};
  let notices = 0;
  let payloadStart = 0;
  let firstStart = -1;
  let firstEnd = -1;
  let lastStart = -1;
  let lastEnd = -1;
  const framing = walk(body, (start, end, next) => {
    const notice = readLossNotice(body, start, end, token);
    if (notice !== undefined) {
      const { code, lost, elsewhere } = notice;
      const sums = elsewhere === true ? lostElsewhere : losses;
      sums[code] = (sums[code] ?? 0) + lost;
      notices += 1;
      if (firstStart === -1) payloadStart = next;
      return;
    }
    if (firstStart === -1) {
      firstStart = start;
      firstEnd = end;
    }
    lastStart = start;
    lastEnd = end;
  });
  const firstTime = firstStart === -1 ? undefined : readSyslogHeader(body, firstStart, firstEnd)?.time;
  const lastTime = lastStart === -1 ? undefined : readSyslogHeader(body, lastStart, lastEnd)?.time;
  return {
    messages: framing.frames,
    ...(framing.fault === undefined ? {} : { fault: framing.fault }),
    ...(firstTime === undefined ? {} : { firstTime }),
    ...(lastTime === undefined ? {} : { lastTime }),
    payloadStart,
    notices,
    losses,
    lostElsewhere,
  };
}
