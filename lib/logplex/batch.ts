import { type BatchTimes, TimeSpan } from './batch-times.ts';
import { type FramingFault, visitFrames } from './frames.ts';
import { readLossNotice } from './loss.ts';
import { messageTime } from './timestamp.ts';

/** What one pass over a batch's bytes finds. */
export interface BatchFacts {
  /** Good frames, loss notices included. */
  readonly messages: number;
  /** Why the body is not frames from front to back. */
  readonly fault?: FramingFault;
  readonly times: BatchTimes;
  /** Where the payload starts: after the loss notices in front, which a retry may render anew. */
  readonly payloadStart: number;
  readonly notices: number;
  /** Messages declared lost, added up per code. */
  readonly losses: Readonly<Record<string, number>>;
}

/**
 * Frames a batch, finds its loss notices and reads the times of its messages. `receivedAt`: milliseconds since 1970.
 * Never throws.
 */
export function inspectBatch(body: Uint8Array, receivedAt: number): BatchFacts {
  const losses: Record<string, number> = {};
  const span = new TimeSpan(body);
  let notices = 0;
  let payloadStart = 0;
  let onlyNotices = true;
  const framing = visitFrames(body, (start, end) => {
    const notice = readLossNotice(body, start, end);
    if (notice === undefined) {
      onlyNotices = false;
      span.addMessage(start, end);
      return;
    }
    span.addNotice(start, end);
    losses[notice.code] = (losses[notice.code] ?? 0) + notice.lost;
    notices += 1;
    if (onlyNotices) payloadStart = end;
  });
  return {
    messages: framing.frames,
    ...(framing.fault === undefined ? {} : { fault: framing.fault }),
    times: span.end(receivedAt, () => messageTimes(body)),
    payloadStart,
    notices,
    losses,
  };
}

/** The time of each message that is no loss notice; NaN for none. */
function messageTimes(body: Uint8Array): number[] {
  const times: number[] = [];
  visitFrames(body, (start, end) => {
    if (readLossNotice(body, start, end) === undefined) times.push(messageTime(body, start, end));
  });
  return times;
}
