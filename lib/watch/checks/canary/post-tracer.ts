import { codeOf } from '../../../base/errors.ts';
import type { Tracer } from './tracer.ts';

/** What became of posting a tracer. */
export type Posted =
  | { readonly outcome: 'answered'; readonly status: number; readonly ms: number }
  /** No answer. */
  | { readonly outcome: 'unreached'; readonly why: string; readonly ms: number }
  /** Not posted, because of the URL. */
  | { readonly outcome: 'unusable'; readonly why: string };

/** Heroku's own patience: what answers later is no answer to a drain either. */
const answerWithinMs = 5_000;

/**
 * Posts a tracer once, as Logplex would, and follows no redirect. Nothing that it returns holds the URL's
 * credentials. Rejects only when `signal` aborts.
 */
export async function postTracer(tracer: Tracer, drainUrl: string, signal?: AbortSignal): Promise<Posted> {
  const to = readDrainUrl(drainUrl);
  if (typeof to === 'string') return { outcome: 'unusable', why: to };
  const timeout = AbortSignal.timeout(answerWithinMs);
  const started = performance.now();
  try {
    const answer = await fetch(to.url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/logplex-1',
        'Logplex-Msg-Count': String(tracer.messages),
        'Logplex-Frame-Id': tracer.frameId,
        'User-Agent': 'Cistern-Tracer',
        // A connection kept from one run to the next may be dead without anybody's knowing.
        Connection: 'close',
        ...(to.authorization === undefined ? {} : { Authorization: to.authorization }),
      },
      body: tracer.body,
      redirect: 'manual',
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    const ms = performance.now() - started;
    await answer.body?.cancel();
    return { outcome: 'answered', status: answer.status, ms };
  } catch (error) {
    signal?.throwIfAborted();
    const why = timeout.aborted ? `no answer within ${answerWithinMs / 1000} s` : faultOf(error);
    return { outcome: 'unreached', why, ms: performance.now() - started };
  }
}

/** A fault of the way there or of its answer, and what to do; undefined when the tracer was accepted. */
export function explainPosted(
  posted: Posted,
): { readonly fault: string; readonly remedy: string } | undefined {
  if (posted.outcome === 'unusable') {
    return {
      fault: `was not posted: ${posted.why}`,
      remedy: 'Put the receiver behind https (serve: --url), then make a drain URL with `cistern drain add`',
    };
  }
  if (posted.outcome === 'unreached') {
    return {
      fault: `did not reach the receiver: ${posted.why}`,
      remedy:
        'See whether the receiver runs, and whether its public address, its name and its certificate are right',
    };
  }
  const { status } = posted;
  if (status >= 200 && status < 300) return undefined;
  return { fault: `was answered ${status}`, remedy: remedyOf(status) };
}

function remedyOf(status: number): string {
  if (status === 401) {
    return 'Its secret is not live (Heroku would drop a batch for good): `cistern drain list`, then `cistern drain rotate`';
  }
  if (status === 403)
    return 'Something before the receiver refuses: see what may call its address, and its policies';
  if (status === 429) return "The receiver is out of concurrency: see the function's throttles";
  if (status === 503)
    return "The receiver could not store it, or not judge its secret: see the receiver's log";
  if (status >= 500) return "The receiver failed: see its log, and the function's errors";
  if (status >= 300 && status < 400)
    return 'Drains follow no redirect: correct the address that senders are given';
  return 'This is no answer of a receiver: correct the address that senders are given';
}

interface PostTarget {
  /** Without credentials: fetch takes none, and an error may show it. */
  readonly url: URL;
  readonly authorization?: string;
}

/** A text says why the URL can't be posted to. */
function readDrainUrl(text: string): PostTarget | string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) return 'its drain URL is no http(s) URL';
  if (url.protocol === 'http:' && !loopback.test(url.hostname)) {
    return `${url.origin} is not encrypted, and is not this machine: its secret would be sent in the clear`;
  }
  // Secrets are letters and digits: nothing in them is ever URL-encoded.
  const { username, password } = url;
  url.username = '';
  url.password = '';
  if (username === '' && password === '') return { url };
  return { url, authorization: `Basic ${btoa(`${username}:${password}`)}` };
}

const loopback = /^(?:localhost|\[::1\]|127(?:\.\d+){3})$/;

const faults: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed without an answer',
  UND_ERR_SOCKET: 'connection closed without an answer',
  UND_ERR_CONNECT_TIMEOUT: 'no connection',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name of its host could not be looked up',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
};

/** Fetch says only that it failed: why is in the cause. Messages are left out, since they may quote headers. */
function faultOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = codeOf(cause);
  if (code !== undefined) return faults[code] ?? code;
  return cause instanceof Error ? cause.name : 'unknown error';
}
