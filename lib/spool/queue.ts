/** A message of the queue, as the archiver gets it. */
export interface QueuedMessage {
  readonly id: string;
  /** What names this delivery of the message to the queue. */
  readonly receipt: string;
  readonly text: string;
  /** How often it was received, this time included. */
  readonly receives: number;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
}

/** The queue as the archiver sees it. */
export interface MessagePostponer {
  /** Lets each message be received again after its seconds, not when its visibility timeout ends. */
  postpone(messages: readonly PostponedMessage[]): Promise<void>;
}

export interface PostponedMessage {
  readonly id: string;
  readonly receipt: string;
  readonly seconds: number;
}

/** After so many receives SQS gives a message up (`maxReceiveCount`; SQS allows no more). */
export const maxReceives: number = 1000;
/** Days for which the queue keeps a message: the time there is to mend a store. */
export const queueDays: number = 7;
/** From the first enqueue, also for a message that was given up (SQS's longest). */
export const deadLetterDays: number = 14;

/** Up to so many receives, a message comes back within half a minute: some three hours. */
const eagerReceives = 500;

/**
 * When a message that could not be archived is to come back, in seconds: 15 to 25, at random, so that the whole
 * queue does not come at once, and a store that recovers has all of it within a minute: the last message still
 * waits for the end of a window of 30 s (docs/performance.md, `recovery-sqs`). After hours of that, 20 to 30
 * minutes: a message has 1,000 receives for seven days, and a store that fails must never make a dead letter of it.
 */
export function comebackSeconds(receives: number, random: () => number = Math.random): number {
  const [least, most] = receives <= eagerReceives ? [15, 25] : [20 * 60, 30 * 60];
  return Math.round(least + random() * (most - least));
}
