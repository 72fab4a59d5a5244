/** Why a body stops being frames. The words go into the batch header. */
export type FramingFault = 'empty body' | 'no length' | 'length too long' | 'frame cut short';

export interface Framing {
  /** Good frames, from the front of the body up to the first fault. */
  readonly frames: number;
  /** Where the good frames end: the body's length, unless there is a fault, or line ends behind the last one. */
  readonly end: number;
  readonly fault?: FramingFault;
}

type Visit = (start: number, end: number, next: number) => void;

const zero = 0x30;
const nine = 0x39;
const space = 0x20;
/** Eight digits hold any body that the receiver takes (16 MiB) and stay far from losing precision. */
const maxLengthDigits = 8;

/**
 * Visits the octet-counted frames of a body, `<bytes> SP <message>` back to back (RFC 6587, section 3.4.1).
 *
 * The visitor gets the offsets of each message, and where the next frame begins; nothing is copied, decoded or allocated per frame. Newlines
 * are not framing, and a length counts bytes. Never throws: what can't be framed ends the walk as a fault,
 * unless it is nothing but line ends.
 */
export function visitFrames(body: Uint8Array, visit: Visit): Framing {
  const framing = walkFrames(body, visit);
  if (framing.fault !== 'no length' || framing.frames === 0) return framing;
  for (let at = framing.end; at < body.length; at += 1) if (!isLineEnd(body[at])) return framing;
  return { frames: framing.frames, end: framing.end };
}

export function isLineEnd(byte: number | undefined): boolean {
  return byte === 0x0a || byte === 0x0d;
}

function walkFrames(body: Uint8Array, visit: Visit): Framing {
  const size = body.length;
  let frames = 0;
  let at = 0;
  if (size === 0) return { frames, end: 0, fault: 'empty body' };
  while (at < size) {
    let cursor = at;
    let length = 0;
    let byte = body[cursor] as number;
    while (byte >= zero && byte <= nine) {
      length = length * 10 + (byte - zero);
      cursor += 1;
      if (cursor - at > maxLengthDigits) return { frames, end: at, fault: 'length too long' };
      if (cursor === size) return { frames, end: at, fault: 'frame cut short' };
      byte = body[cursor] as number;
    }
    const leadingZero = cursor - at > 1 && body[at] === zero;
    if (cursor === at || byte !== space || leadingZero) return { frames, end: at, fault: 'no length' };
    const start = cursor + 1;
    const end = start + length;
    if (end > size) return { frames, end: at, fault: 'frame cut short' };
    visit(start, end, end);
    frames += 1;
    at = end;
  }
  return { frames, end: size };
}

/** Frames messages the way Logplex does; the inverse of {@link visitFrames}. */
export function frameMessages(messages: readonly Uint8Array[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => [Buffer.from(`${message.length} `), message]));
}

const firstFrame = /^(0|[1-9]\d{0,7}) (<?)/;

/** Whether a body looks like frames: `<bytes> <…`, as syslog messages begin, or any message of that many bytes. */
export function beginsWithFrame(body: Buffer): boolean {
  const [, length, syslog] = firstFrame.exec(body.toString('latin1', 0, maxLengthDigits + 2)) ?? [];
  if (length === undefined) return false;
  return syslog === '<' || length.length + 1 + Number(length) <= body.length;
}
