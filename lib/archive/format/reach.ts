/**
 * How far back of its key the messages of an object can reach: a number from 0 to {@link maxReach}, the digit behind
 * the version in the object's uuid, so that a list of keys tells which objects a range needs.
 */
export const maxReach = 8;

const leastReachMs = 10 * 60 * 1000;

/** The reach of an object whose oldest message is so many milliseconds older than its key. */
export function reachOf(spanMs: number): number {
  let reach = 0;
  while (reachMs(reach) < spanMs && reach < maxReach) reach += 1;
  return reach;
}

/** Milliseconds: 10 minutes for 0, and twice as much for each next one. */
export function reachMs(reach: number): number {
  return leastReachMs * 2 ** reach;
}

/** Where the digit stands in a uuid as text: `xxxxxxxx-xxxx-8Rxx-…`. */
const reachAt = 15;

/** The reach that a uuid names. */
export function reachOfUuid(uuid: string): number {
  return Number(uuid[reachAt]);
}

/**
 * A uuid without its reach. Two tries of one batch can differ in that alone: a message that is 24 hours old at the
 * first try is older at the second, and counts no longer.
 */
export function withoutReach(uuid: string): string {
  return `${uuid.slice(0, reachAt)}0${uuid.slice(reachAt + 1)}`;
}
