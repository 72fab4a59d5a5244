import { type BatchTimes, TimeSpan } from './batch-times.ts';
import type { DrainToken } from './drain-token.ts';
import { type Framing, type FramingFault, visitFrames } from './frames.ts';
import { readLossNotice } from './loss.ts';
import { visitPieces } from './misframed.ts';
import { messageTime } from './timestamp.ts';

/** What one pass over a batch's bytes finds. */
export interface BatchFacts {
  /** Good frames, loss notices included; of a malformed batch, the messages that were guessed as well. */
  readonly messages: number;
  /** Why the body is not frames from front to back. */
  readonly fault?: FramingFault;
  readonly times: BatchTimes;
  /** Where the payload starts: after the loss notices in front, which a retry may render anew. */
  readonly payloadStart: number;
  readonly notices: number;
  /** Messages declared lost for this drain, added up per code. */
  readonly losses: Readonly<Record<string, number>>;
  /** The same of notices about tail sessions and other drains. */
  readonly lostElsewhere: Readonly<Record<string, number>>;
}

/**
 * Frames a batch, finds its loss notices and reads the times of its messages. `receivedAt`: milliseconds since 1970;
 * `token`: the drain that sent it. Never throws.
 */
export function inspectBatch(body: Buffer, receivedAt: number, token?: DrainToken): BatchFacts {
  const facts = inspect(body, receivedAt, token, visitFrames);
  // Only a malformed batch is walked twice.
  if (facts.fault === undefined) return facts;
  return { ...inspect(body, receivedAt, token, visitMisframed), fault: facts.fault };
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

function inspect(body: Buffer, receivedAt: number, token: DrainToken | undefined, walk: Walk): BatchFacts {
  const losses: Record<string, number> = {};
  const lostElsewhere: Record<string, number> = {};
  const span = new TimeSpan(body);
  let notices = 0;
  let payloadStart = 0;
  let onlyNotices = true;
  const framing = walk(body, (start, end, next) => {
    const notice = readLossNotice(body, start, end, token);
    if (notice === undefined) {
      onlyNotices = false;
      span.addMessage(start, end);
      return;
    }
    span.addNotice(start, end);
    const { code, lost, elsewhere } = notice;
    const sums = elsewhere === true ? lostElsewhere : losses;
    sums[code] = (sums[code] ?? 0) + lost;
    notices += 1;
    if (onlyNotices) payloadStart = next;
  });
  return {
    messages: framing.frames,
    ...(framing.fault === undefined ? {} : { fault: framing.fault }),
    times: span.end(receivedAt, () => messageTimes(body, walk)),
    payloadStart,
    notices,
    losses,
    lostElsewhere,
  };
}

/** The time of each message that has one and is no loss notice. */
function messageTimes(body: Buffer, walk: Walk): number[] {
  const times: number[] = [];
  walk(body, (start, end) => {
    if (readLossNotice(body, start, end) !== undefined) return;
    const time = messageTime(body, start, end);
    // A body of a million tiny frames has no times, and needs no list of them.
    if (!Number.isNaN(time)) times.push(time);
  });
  return times;
}
