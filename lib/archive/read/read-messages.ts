import type { AppName } from '../../drains/app-name.ts';
import { countedTime } from '../../logplex/batch-times.ts';
import { readLossNotice } from '../../logplex/loss.ts';
import { piecesOf } from '../../logplex/misframed.ts';
import { structuredDataEnd } from '../../logplex/structured-data.ts';
import { readSyslogHeader, type SyslogHeader } from '../../logplex/syslog.ts';
import type { BatchHeader } from '../format/batch-header.ts';
import type { ArchiveReader } from '../store/store.ts';
import { type ReadBatch, readBatches } from './read-batches.ts';
import type { Problem, TimeRange } from './read-objects.ts';

/** One message as it is read back. */
export interface Message {
  /** `rest`: what no message can be made of in a malformed batch, as it is. */
  readonly kind: 'message' | 'notice' | 'rest';
  /** Its bounds don't follow from the frames of its batch, which is malformed. */
  readonly guessed: boolean;
  /** Milliseconds since 1970: the instant by which a range holds the message or not. */
  readonly time: number;
  /** The message has no valid time: `time` is the epoch of its batch. */
  readonly timeIsKey: boolean;
  readonly bytes: Buffer;
  /** The whole frame, its length in front, and what stands between it and the next one. */
  readonly frame: Buffer;
  /** Its offsets are those of `bytes`. */
  readonly header?: SyslogHeader;
  /** Where the text starts: behind the header, and behind STRUCTURED-DATA if the batch has any. */
  readonly text: number;
  readonly member: BatchHeader;
  readonly key: string;
  /** Its batch is damaged, and may not be what was received: why. */
  readonly damage?: string;
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

/** The messages of a batch, and what is none as it is. Every byte of it is in one frame. Never throws. */
export function messagesOf({ member, raw, damage }: ReadBatch): Message[] {
  const { header: batch, key, epochMs } = member;
  let from = 0;
  const messages = piecesOf(raw).map(({ kind, start, end, next }): Message => {
    const bytes = raw.subarray(start, end);
    const frame = raw.subarray(from, next);
    from = next;
    const header = kind === 'rest' ? undefined : readSyslogHeader(bytes, 0, bytes.length);
    const time = countedTime(header?.time ?? Number.NaN, epochMs);
    const isNotice = kind !== 'rest' && readLossNotice(bytes, 0, bytes.length) !== undefined;
    return {
      kind: isNotice ? 'notice' : kind === 'rest' ? kind : 'message',
      guessed: kind === 'guessed',
      time,
      timeIsKey: time !== header?.time,
      bytes,
      frame,
      ...(header === undefined ? {} : { header }),
      text: header?.text ?? 0,
      member: batch,
      key,
      ...(damage === undefined ? {} : { damage }),
    };
  });
  return isFromLogShuttle(batch) ? withoutStructuredData(messages) : messages;
}

/** Logplex sends a frame id; log-shuttle sends a request id in its place, and alone writes STRUCTURED-DATA. */
function isFromLogShuttle({ frame, request }: BatchHeader): boolean {
  return frame === undefined && request !== undefined;
}

/** In doubt all of it is text: only where every message has STRUCTURED-DATA, none of it is. */
function withoutStructuredData(messages: readonly Message[]): Message[] {
  const found: Message[] = [];
  for (const message of messages) {
    const { bytes, header } = message;
    const end = header === undefined ? -1 : structuredDataEnd(bytes, header.text, bytes.length);
    if (end === -1) return [...messages];
    found.push({ ...message, text: bytes[end] === 0x20 /* space */ ? end + 1 : end });
  }
  return found;
}
