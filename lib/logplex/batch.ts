import type { DrainToken } from './drain-token.ts';
import { type FramingFault, visitFrames } from './frames.ts';
import { readLossNotice } from './loss.ts';
import { readSyslogHeader } from './syslog.ts';

/** What one pass over a batch's bytes finds. */
export interface BatchFacts {
  /** Good frames, loss notices included. */
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
export function inspectBatch(body: Uint8Array, token?: DrainToken): BatchFacts {
  const losses: Record<string, number> = {};
  const lostElsewhere: Record<string, number> = {};
  let notices = 0;
  let payloadStart = 0;
  let firstStart = -1;
  let firstEnd = -1;
  let lastStart = -1;
  let lastEnd = -1;
  const framing = visitFrames(body, (start, end) => {
    const notice = readLossNotice(body, start, end, token);
    if (notice !== undefined) {
      const { code, lost, elsewhere } = notice;
      const sums = elsewhere === true ? lostElsewhere : losses;
      sums[code] = (sums[code] ?? 0) + lost;
      notices += 1;
      if (firstStart === -1) payloadStart = end;
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
