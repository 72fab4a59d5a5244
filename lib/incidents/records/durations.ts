import type { Incident } from './record.ts';

/** When the trouble ended, milliseconds since 1970; undefined while it lasts. */
export function endedAt({ mitigatedAt, resolvedAt, closedAt }: Incident): number | undefined {
  return mitigatedAt ?? resolvedAt ?? closedAt;
}

/** In milliseconds. What has not happened yet has no duration. */
export interface Durations {
  /** From the beginning of the trouble until an incident was opened for it. */
  readonly toDetect: number;
  /** From its opening to the first acknowledgement. */
  readonly toAcknowledge?: number;
  /** From its opening to the end of the trouble. */
  readonly toResolve?: number;
  /** From the beginning of the trouble to its end. */
  readonly lasted?: number;
}

export function durationsOf(incident: Incident): Durations {
  const { since, openedAt, acknowledgedAt } = incident;
  const end = endedAt(incident);
  return {
    toDetect: openedAt - since,
    ...(acknowledgedAt === undefined ? {} : { toAcknowledge: Math.max(0, acknowledgedAt - openedAt) }),
    ...(end === undefined
      ? {}
      : { toResolve: Math.max(0, end - openedAt), lasted: Math.max(0, end - since) }),
  };
}
