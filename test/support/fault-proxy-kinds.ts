import type { IncomingMessage } from 'node:http';

/** What can go wrong on the way to a service, and whether the service gets to see the request. */
export const faultKinds = [
  /** Closed as soon as it is connected, before any request. */
  'refused',
  /** Reset when the request has arrived; the service does not see it. */
  'reset',
  /** Never answered; the service does not see it. */
  'hung',
  /** 500; the service does not see it. */
  'error500',
  /** 503, and S3's `SlowDown`; the service does not see it. */
  'slowDown',
  /** 409 to a PUT with `If-None-Match: *` (only S3); the service does not see it. */
  'conflict',
  /** 412 to a PUT with `If-None-Match: *` (only S3), after the service has carried it out: so it is true. */
  'precondition',
  /** Reset instead of an answer, after the service has carried it out. */
  'lostResponse',
  /** Half of the body goes to the service, then both connections break. */
  'partialRequest',
  /** Half of the answer goes to the client, then its connection breaks. */
  'partialResponse',
  /** The answer comes late. */
  'slow',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** The chance of each, per request; `refused` per connection. Together at most 1 without `refused`. */
export type FaultChances = Readonly<Partial<Record<FaultKind, number>>>;

/** 409 and 412 are said of a conditional PUT only; half a body needs two bytes. */
export function isPossible(kind: FaultKind, { method, headers }: IncomingMessage): boolean {
  if (kind === 'conflict' || kind === 'precondition') {
    return method === 'PUT' && headers['if-none-match'] === '*';
  }
  if (kind === 'partialRequest') {
    return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 1;
  }
  return true;
}
