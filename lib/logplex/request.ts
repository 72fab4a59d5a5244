import { type DrainToken, parseDrainToken } from './drain-token.ts';

/** What the headers of a request say. Every one of them is optional: a batch without any is still a batch. */
export interface LogplexRequest {
  /** Messages that the sender claims (`Logplex-Msg-Count`). */
  readonly claimed?: number;
  /** The batch's id (`Logplex-Frame-Id`), stable over retries. */
  readonly frameId?: string;
  /** `X-Request-Id`: what log-shuttle sends in place of a frame id. */
  readonly requestId?: string;
  /** `Logplex-Drain-Token` as it was sent: part of the batch's identity. */
  readonly sentToken?: string;
  /** The same, where it is a drain token. */
  readonly drainToken?: DrainToken;
  readonly contentEncoding?: string;
  readonly authorization?: string;
  /** Whether the sender presents itself as a drain: what it loses by a refusal, it loses for good. */
  readonly fromLogplex: boolean;
}

/** Headers by lower-case name, as Node and function URLs deliver them. */
export type RequestHeaders = Readonly<Record<string, string | undefined>>;

const logplexHeaders = ['logplex-msg-count', 'logplex-frame-id', 'logplex-drain-token'];

/** Reads Logplex's request headers; what is missing or unreadable is left out. Never throws. */
export function readRequestHeaders(headers: RequestHeaders): LogplexRequest {
  const count = headers['logplex-msg-count'];
  const frameId = headers['logplex-frame-id'];
  const requestId = headers['x-request-id'];
  const sentToken = headers['logplex-drain-token'];
  const drainToken = parseDrainToken(sentToken);
  const contentEncoding = headers['content-encoding']?.trim().toLowerCase();
  const authorization = headers['authorization'];
  const contentType = headers['content-type']?.toLowerCase() ?? '';
  return {
    ...(count !== undefined && /^\d{1,9}$/.test(count) ? { claimed: Number(count) } : {}),
    ...(frameId ? { frameId } : {}),
    ...(requestId ? { requestId } : {}),
    ...(sentToken ? { sentToken } : {}),
    ...(drainToken ? { drainToken } : {}),
    ...(contentEncoding ? { contentEncoding } : {}),
    ...(authorization ? { authorization } : {}),
    fromLogplex:
      contentType.startsWith('application/logplex-1') ||
      logplexHeaders.some((name) => headers[name] !== undefined),
  };
}
