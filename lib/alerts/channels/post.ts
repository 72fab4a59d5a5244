import type { Delivery } from '../../incidents/alert.ts';
import type { ChannelUrl } from './channel-url.ts';

export interface Post {
  readonly url: ChannelUrl;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What a refusal means at this service, from its status and its answer: never what the answer says itself. */
  readonly explain: (status: number, answer: string) => string;
}

/**
 * One POST, and what its answer means for the alert. No redirect is followed, since it would carry the alert
 * wherever the answer says. Errors name the host only: path and query of a webhook's URL are a secret.
 */
export async function post({ url, headers, body, explain }: Post, signal: AbortSignal): Promise<Delivery> {
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      // A connection kept from one run to the next may be dead without anybody's knowing.
      headers: { ...headers, 'user-agent': 'Cistern', connection: 'close' },
      body,
      redirect: 'manual',
      signal,
    });
  } catch (error) {
    return explainFailure(url, error);
  }
  const { status } = response;
  const where = `${url.host} answers ${status}`;
  const answer = await readBounded(response);
  if (response.ok) return { outcome: 'accepted' };
  if (status === 429) return retry(`${where}: too many requests`, { mayHaveArrived: false, busy: true });
  if (status >= 500 || status === 408 || status === 425) return retry(where, { mayHaveArrived: true });
  if (status < 400) {
    return {
      outcome: 'rejected',
      error: `${where}, a redirect, and none is followed: give the address that it leads to`,
    };
  }
  return { outcome: 'rejected', error: `${where}: ${explain(status, answer)}` };
}

function retry(error: string, what: { readonly mayHaveArrived: boolean; readonly busy?: true }): Delivery {
  return { outcome: 'retry', error, mayHaveArrived: what.mayHaveArrived, busy: what.busy ?? false };
}

function explainFailure(url: ChannelUrl, error: unknown): Delivery {
  const name = error instanceof Error ? error.name : '';
  if (name === 'TimeoutError' || name === 'AbortError') {
    return retry(`${url.host} did not answer in time`, { mayHaveArrived: true });
  }
  const cause = error instanceof Error ? error.cause : undefined;
  const code = codeOf(cause) ?? 'no connection';
  return retry(`${url.host} was not reached (${code})`, { mayHaveArrived: !beforeSending.test(code) });
}

/** Errors of looking up a name, of connecting and of the other side's certificate: nothing was sent. */
const beforeSending =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|\w*_CERT\w*|UNABLE_TO_\w+)$/;

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

/** More of an answer than this is not read, in bytes. */
const maxAnswer = 4_096;

/** As much of the answer as came: the status has decided already. */
async function readBounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= maxAnswer) break;
    }
  } catch {
    // Aborted or cut off.
  }
  return Buffer.concat(chunks).toString('utf8', 0, maxAnswer);
}
