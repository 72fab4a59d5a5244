import type { AppName } from '../../drains/app-name.ts';
import { countedTime } from '../../logplex/batch-times.ts';
import { visitFrames } from '../../logplex/frames.ts';
import { readLossNotice } from '../../logplex/loss.ts';
import { readSyslogHeader, type SyslogHeader } from '../../logplex/syslog.ts';
import type { BatchHeader } from '../format/batch-header.ts';
import type { ArchiveReader } from '../store/store.ts';
import { type ReadBatch, readBatches } from './read-batches.ts';
import type { Problem, TimeRange } from './read-objects.ts';

/** One message as it is read back. */
export interface Message {
  /** `rest`: what follows the good frames of a malformed batch, as it is. */
  readonly kind: 'message' | 'notice' | 'rest';
  /** Milliseconds since 1970: the instant by which a range holds the message or not. */
  readonly time: number;
  /** The message has no valid time: `time` is the epoch of its batch. */
  readonly timeIsKey: boolean;
  readonly bytes: Buffer;
  /** The whole frame, its length in front. */
  readonly frame: Buffer;
  /** Its offsets are those of `bytes`. */
  readonly header?: SyslogHeader;
  readonly member: BatchHeader;
  readonly key: string;
}

/**
 * The messages of an app whose time is in the range, each once, in the order of their batches, and the
 * problems met (docs/archive-format.md, *Reading*). Ranges that meet miss no message.
 *
 * Throws `StoreError` where the store fails as a whole.
 */
export async function* readRange(
  reader: ArchiveReader,
  app: AppName,
  range: TimeRange,
): AsyncGenerator<Message | Problem> {
  const { since, until = Number.POSITIVE_INFINITY } = range;
  for await (const item of readBatches(reader, app, range)) {
    if (item.kind === 'problem') {
      yield item;
      continue;
    }
    for (const message of messagesOf(item)) {
      if (message.time >= since && message.time < until) yield message;
    }
  }
}

/** The messages of a batch: its good frames, then what can't be framed as one more. Never throws. */
export function messagesOf({ member, raw }: ReadBatch): Message[] {
  const messages: Message[] = [];
  const { header: batch, key, epochMs } = member;
  let frameStart = 0;
  const { end: restStart } = visitFrames(raw, (start, end) => {
    const bytes = raw.subarray(start, end);
    const frame = raw.subarray(frameStart, end);
    frameStart = end;
    const header = readSyslogHeader(bytes, 0, bytes.length);
    const time = countedTime(header?.time ?? Number.NaN, epochMs);
    messages.push({
      kind: readLossNotice(bytes, 0, bytes.length) === undefined ? 'message' : 'notice',
      time,
      timeIsKey: time !== header?.time,
      bytes,
      frame,
      ...(header === undefined ? {} : { header }),
      member: batch,
      key,
    });
  });
  if (restStart < raw.length) {
    const rest = raw.subarray(restStart);
    messages.push({
      kind: 'rest',
      time: epochMs,
      timeIsKey: true,
      bytes: rest,
      frame: rest,
      member: batch,
      key,
    });
  }
  return messages;
}
