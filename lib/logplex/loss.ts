import { fieldStart } from './syslog.ts';

/** What one loss notice says: Heroku's code, and how many messages it counts (0 where it counts none). */
export interface LossNotice {
  readonly code: string;
  readonly lost: number;
}

const heroku = Buffer.from('heroku ');
const logplex = Buffer.from('logplex ');
const logShuttle = Buffer.from('log-shuttle ');
/** `Error L10` behind the shortest header there can be. A batch of a million messages has only shorter ones. */
const minNotice = 28;
/** Notices are one short line; a longer text is cut before it is searched. */
const maxNoticeText = 512;

/**
 * Reads the loss notice at `start`..`end`, or undefined when the message is none.
 *
 * Only Heroku's own count: source `heroku` with process `logplex`, and log-shuttle's L12 and L13 (host
 * `heroku`, process `log-shuttle`). An application that prints "Error L10" printed "Error L10".
 * Wordings: https://devcenter.heroku.com/articles/error-codes (L10 to L15), log-shuttle's batch.go.
 */
export function readLossNotice(body: Uint8Array, start: number, end: number): LossNotice | undefined {
  if (end - start < minNotice) return undefined;
  const host = fieldStart(body, start, end, 2);
  if (host === -1) return undefined;
  const source = fieldStart(body, host, end, 1);
  if (source === -1) return undefined;
  if (has(body, source, end, heroku)) {
    const process = source + heroku.length;
    return has(body, process, end, logplex) ? readText(body, process, end, /^L1\d$/) : undefined;
  }
  if (!has(body, host, end, heroku)) return undefined;
  const process = fieldStart(body, source, end, 1);
  if (process === -1 || !has(body, process, end, logShuttle)) return undefined;
  return readText(body, process, end, /^L1[23]$/);
}

function has(body: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  if (at + word.length > end) return false;
  for (let i = 0; i < word.length; i += 1) if (body[at + i] !== word[i]) return false;
  return true;
}

function readText(body: Uint8Array, process: number, end: number, codes: RegExp): LossNotice | undefined {
  const at = fieldStart(body, process, end, 2);
  if (at === -1) return undefined;
  const length = Math.min(end - at, maxNoticeText);
  const text = Buffer.from(body.buffer, body.byteOffset + at, length).toString('latin1');
  const named = /^(?:- )?Error (L\d\d)\b/.exec(text)?.[1];
  // In live traffic the overflow notice of a drain comes without its code.
  const code = named ?? (/^(?:- )?drain '[^']*' dropped \d/.test(text) ? 'L10' : undefined);
  if (code === undefined || !codes.test(code)) return undefined;
  const count = /(\d{1,15}) messages? (?:dropped|lost)|(?:dropped|lost) (\d{1,15}) messages?/.exec(text);
  return { code, lost: Number(count?.[1] ?? count?.[2] ?? 0) };
}
