import { assumptions } from './assumptions.ts';

export type DeliveryMode = 'direct' | 'buffered';

/** What decides how many batches come into one object. */
export interface Gathering {
  readonly delivery: DeliveryMode;
  /** A month. */
  readonly batches: number;
  /** Bytes of the mean member. */
  readonly memberBytes: number;
  /** That share the batches equally: the worst, since uneven shares make fewer objects. */
  readonly apps: number;
  /** How long a poller collects an event, at most. */
  readonly windowSeconds: number;
  /** Archivers at work at once, at most. */
  readonly concurrency: number;
}

/** A month's objects and the archiver's runs that make them. */
export interface Gathered {
  readonly objects: number;
  /** The archiver's runs: none with direct delivery. */
  readonly events: number;
}

/**
 * How many objects a month's batches come to.
 *
 * - Direct: one batch, one object.
 * - Buffered: each of `p` pollers (five, or as many as archivers may run) waits for a message and then collects for
 *   `w` seconds, so at `b` batches a second an event holds `m = 1 + b/p × w` members, or as many as fit into 6 MB of
 *   text. Members of `a` apps make `a × (1 − (1 − 1/a)^m)` objects, the number of apps to be expected among `m`
 *   members; of those, a share of `w / 1 h` spans the turn of an hour and becomes two.
 */
export function gather(gathering: Gathering): Gathered {
  const { delivery, batches, memberBytes, apps, windowSeconds } = gathering;
  const direct = { objects: batches, events: 0 };
  if (delivery === 'direct' || batches === 0) return direct;
  if (memberBytes > assumptions.spooledMemberBytes) return direct;
  const members = membersPerEvent(gathering);
  const appsAmong = apps * (1 - (1 - 1 / apps) ** members);
  const perEvent = Math.min(members, appsAmong * (1 + windowSeconds / 3600));
  const events = batches / members;
  return { objects: Math.min(batches, events * perEvent), events };
}

function membersPerEvent({ batches, memberBytes, windowSeconds, concurrency }: Gathering): number {
  const perSecond = batches / assumptions.monthSeconds;
  const collected = 1 + (perSecond / Math.min(assumptions.pollers, concurrency)) * windowSeconds;
  const record = messageBytes(memberBytes) + assumptions.eventRecordBytes;
  const fitting = Math.floor(assumptions.eventBytes / record);
  return Math.max(1, Math.min(collected, fitting, batches));
}

/** Text of a spooled member, in bytes. */
export function messageBytes(memberBytes: number): number {
  return Math.ceil((memberBytes * 4) / 3) + assumptions.messageBytes;
}
