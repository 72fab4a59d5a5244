import { parseTimestamp } from './timestamp.ts';

/**
 * The header of one syslog message as Heroku writes it:
 * `<pri>1 <time> <host> <app> <proc> <msgid> <text>`, without STRUCTURED-DATA between msgid and text.
 * Senders other than Logplex do put STRUCTURED-DATA there (RFC 5424, section 6), and some leave an empty text out.
 */
export interface SyslogHeader {
  /** Milliseconds since 1970; absent when the timestamp is not RFC 3339. */
  readonly time?: number;
  readonly host: string;
  /** APP-NAME: `app` or `heroku`, never the Heroku app's name. */
  readonly source: string;
  /** PROCID: the dyno or Heroku component, such as `web.1` or `router`. */
  readonly process: string;
  /** Where the text starts, in the same offsets as the message. Includes STRUCTURED-DATA where a sender has it. */
  readonly text: number;
}

const space = 0x20;
/** Headers are short; a message without six spaces this early has none. */
const maxHeaderBytes = 512;

/** Where the field after `fields` spaces starts, or -1 when the message is too short. */
export function fieldStart(body: Uint8Array, start: number, end: number, fields: number): number {
  const limit = Math.min(end, start + maxHeaderBytes);
  let left = fields;
  for (let at = start; at < limit; at += 1) {
    if (body[at] === space) {
      left -= 1;
      if (left === 0) return at + 1;
    }
  }
  return -1;
}

/** Reads the header of the message at `start`..`end`; undefined when there is none. Never throws. */
export function readSyslogHeader(body: Uint8Array, start: number, end: number): SyslogHeader | undefined {
  if (body[start] !== 0x3c /* < */) return undefined;
  const text = textStart(body, start, end);
  if (text === -1) return undefined;
  const header = Buffer.from(body.buffer, body.byteOffset + start, text - start).toString('latin1');
  const [version = '', timestamp = '', host = '', source = '', process = ''] = header.split(' ');
  if (!/^<\d{1,3}>\d{1,2}$/.test(version)) return undefined;
  const time = parseTimestamp(timestamp);
  return { ...(time === undefined ? {} : { time }), host, source, process, text };
}

/** Behind the sixth space, or behind a MSGID `-` that ends its line: such a message has no text, or one of more lines. */
function textStart(body: Uint8Array, start: number, end: number): number {
  const id = fieldStart(body, start, end, 5);
  if (id === -1 || id === end) return -1;
  const endsLine = id + 1 === end || body[id + 1] === 0x0a || body[id + 1] === 0x0d;
  if (body[id] === 0x2d /* - */ && endsLine) return id + 1;
  return fieldStart(body, id, Math.min(end, start + maxHeaderBytes), 1);
}
