import { parseTimestamp } from './timestamp.ts';

/**
 * The header of one syslog message as Heroku writes it:
 * `<pri>1 <time> <host> <app> <proc> <msgid> <text>`, without STRUCTURED-DATA between msgid and text.
 * Senders other than Logplex do put STRUCTURED-DATA there (RFC 5424, section 6).
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
  const text = fieldStart(body, start, end, 6);
  if (text === -1) return undefined;
  const header = Buffer.from(body.buffer, body.byteOffset + start, text - 1 - start).toString('latin1');
  const [version = '', timestamp = '', host = '', source = '', process = ''] = header.split(' ');
  if (!/^<\d{1,3}>\d{1,2}$/.test(version)) return undefined;
  const time = parseTimestamp(timestamp);
  return { ...(time === undefined ? {} : { time }), host, source, process, text };
}

/**
 * Where the text starts after STRUCTURED-DATA (`-` or `[...]` elements, RFC 5424 section 6.3). Only for
 * messages whose sender is known to write it: in Logplex's own, `[info] …` is text.
 */
export function skipStructuredData(body: Uint8Array, text: number, end: number): number {
  if (body[text] === 0x2d /* - */ && (text + 1 === end || body[text + 1] === space)) {
    return Math.min(text + 2, end);
  }
  let at = text;
  while (at < end && body[at] === 0x5b /* [ */) {
    const after = elementEnd(body, at, end);
    if (after === -1) return text;
    at = after;
  }
  if (at === text) return text;
  if (at === end) return end;
  return body[at] === space ? at + 1 : text;
}

/** The offset after the `]` that closes the element at `at`; quotes may hold escaped brackets. */
function elementEnd(body: Uint8Array, at: number, end: number): number {
  let quoted = false;
  for (let i = at + 1; i < end; i += 1) {
    const byte = body[i];
    if (quoted && byte === 0x5c /* \ */) i += 1;
    else if (byte === 0x22 /* " */) quoted = !quoted;
    else if (!quoted && byte === 0x5d /* ] */) return i + 1;
  }
  return -1;
}
