import { type DrainToken, parseDrainToken } from './drain-token.ts';
import { fieldStart } from './syslog.ts';

/** What one loss notice says: Heroku's code, and how many messages it counts (0 where it counts none). */
export interface LossNotice {
  readonly code: string;
  readonly lost: number;
  /** The drain that sent the notice lost nothing: it is about a tail session, or about another drain. */
  readonly elsewhere?: true;
}

const heroku = Buffer.from('heroku ');
const host = Buffer.from('host ');
const app = Buffer.from('app ');
const logplex = Buffer.from('logplex ');
const logShuttle = Buffer.from('log-shuttle ');
/** `Error L10` behind the shortest header there can be. A batch of a million messages has only shorter ones. */
const minNotice = 28;
/** Notices are one short line; a longer text is cut before it is searched. */
const maxNoticeText = 512;

const fromLogplex = /^L1\d$/;
const fromLogShuttle = /^L1[23]$/;
/** About tail sessions (L11, L15) and the certificate of a syslog drain (L14): none is about an HTTPS drain. */
const aboutNoHttpsDrain = /^L1[145]$/;

/**
 * Reads the loss notice at `start`..`end`, or undefined when the message is none. `token`: the drain that sent it.
 *
 * Only Heroku's own count: source `heroku` with process `logplex`; and log-shuttle's L12 and L13, process
 * `log-shuttle`, from host `heroku` or, where Logplex passes them on, `host`. An application that prints
 * "Error L10" printed "Error L10": its process is a dyno.
 * Wordings: https://devcenter.heroku.com/articles/error-codes (L10 to L15), log-shuttle's logplex_formatter.go.
 */
export function readLossNotice(
  body: Uint8Array,
  start: number,
  end: number,
  token?: DrainToken,
): LossNotice | undefined {
  if (end - start < minNotice) return undefined;
  const hostAt = fieldStart(body, start, end, 2);
  if (hostAt === -1) return undefined;
  const source = fieldStart(body, hostAt, end, 1);
  if (source === -1) return undefined;
  const isHeroku = has(body, source, end, heroku);
  if (isHeroku && has(body, source + heroku.length, end, logplex)) {
    return readText(body, { process: source + heroku.length, end, codes: fromLogplex, token });
  }
  const isLogplexSource = isHeroku || has(body, source, end, app);
  if (!has(body, hostAt, end, heroku) && !(isLogplexSource && has(body, hostAt, end, host))) return undefined;
  const process = fieldStart(body, source, end, 1);
  if (process === -1 || !has(body, process, end, logShuttle)) return undefined;
  return readText(body, { process, end, codes: fromLogShuttle, token });
}

function has(body: Uint8Array, at: number, end: number, word: Uint8Array): boolean {
  if (at + word.length > end) return false;
  for (let i = 0; i < word.length; i += 1) if (body[at + i] !== word[i]) return false;
  return true;
}

interface NoticeText {
  /** Where the process field starts. */
  readonly process: number;
  readonly end: number;
  readonly codes: RegExp;
  readonly token: DrainToken | undefined;
}

function readText(body: Uint8Array, { process, end, codes, token }: NoticeText): LossNotice | undefined {
  const at = fieldStart(body, process, end, 2);
  if (at === -1) return undefined;
  const length = Math.min(end - at, maxNoticeText);
  const text = Buffer.from(body.buffer, body.byteOffset + at, length).toString('latin1');
  const named = /^(?:- )?Error (L\d\d)\b/.exec(text)?.[1];
  // In live traffic the overflow notice of a drain comes without its code.
  const code = named ?? (/^(?:- )?drain '[^']*' dropped \d/.test(text) ? 'L10' : undefined);
  if (code === undefined || !codes.test(code)) return undefined;
  const count = /(\d{1,15}) messages? (?:dropped|lost)|(?:dropped|lost) (\d{1,15}) messages?/.exec(text);
  const elsewhere = aboutNoHttpsDrain.test(code) || namesAnotherDrain(text, token);
  return { code, lost: Number(count?.[1] ?? count?.[2] ?? 0), ...(elsewhere ? { elsewhere } : {}) };
}

/** False in doubt: what can't be told apart counts as this drain's loss. */
function namesAnotherDrain(text: string, token: DrainToken | undefined): boolean {
  const named = parseDrainToken(/\bdrain '([^']*)'/.exec(text)?.[1]);
  return named !== undefined && token !== undefined && named !== token;
}
