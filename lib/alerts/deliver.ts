import type { Delivery, Unsent } from '../incidents/alert.ts';
import type { Channel } from './channels/channel.ts';

/** What became of one attempt to deliver one unsent alert. */
export interface Outcome {
  /** Of the {@link Unsent}. */
  readonly id: string;
  readonly delivery: Delivery;
  /** When it was known, milliseconds since 1970. */
  readonly at: number;
}

export interface DeliveryLimits {
  /** When to stop, milliseconds since 1970 by `now`. */
  readonly until: number;
  readonly now: () => number;
  /** Stops it earlier. */
  readonly signal?: AbortSignal;
  /** The longest that one attempt may take, in milliseconds. */
  readonly attemptMs?: number;
}

/**
 * One attempt for every alert that may go now, each channel beside the others. Alerts of one incident go to a
 * channel in order: after one that was not accepted the later ones wait, as do all of a channel that is busy.
 * What was not tried has no outcome. Never rejects.
 */
export async function deliverAll(
  unsent: readonly Unsent[],
  channels: ReadonlyMap<string, Channel>,
  limits: DeliveryLimits,
): Promise<Outcome[]> {
  const queues = Map.groupBy(unsent, ({ channel }) => channel);
  const outcomes = await Promise.all(
    [...queues].map(([name, queue]) => deliverTo(channels.get(name) ?? removed(name), queue, limits)),
  );
  return outcomes.flat();
}

/** Stands for a channel that cannot work: whatever it is given, it rejects. */
export function brokenChannel(name: string, why: string): Channel {
  return { name, deliver: async () => ({ outcome: 'rejected', error: why }) };
}

function removed(name: string): Channel {
  return brokenChannel(name, `there is no channel ${name} in the configuration any more`);
}

/** With less time than this an attempt would only leave doubt whether it arrived. */
const leastMs = 1_000;

async function deliverTo(
  channel: Channel,
  queue: readonly Unsent[],
  limits: DeliveryLimits,
): Promise<Outcome[]> {
  const { until, now, signal, attemptMs = 5_000 } = limits;
  const outcomes: Outcome[] = [];
  const held = new Set<string>();
  for (const { id, alert } of queue) {
    if (held.has(alert.incident)) continue;
    const left = until - now();
    if (left < leastMs || signal?.aborted === true) break;
    const delivery = await attempt(channel, alert, Math.min(attemptMs, left), signal);
    outcomes.push({ id, delivery, at: now() });
    if (delivery.outcome !== 'accepted') held.add(alert.incident);
    if (delivery.outcome === 'retry' && delivery.busy) break;
  }
  return outcomes;
}

/** A channel has this long to end after its time is up, in milliseconds; then it is left behind. */
const graceMs = 500;

/** One attempt that ends in time whatever the channel does. */
export async function attempt(
  channel: Channel,
  alert: Unsent['alert'],
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<Delivery> {
  const timeout = new AbortController();
  const leaving = Promise.withResolvers<Delivery>();
  const doubtful = (error: string): Delivery => ({
    outcome: 'retry',
    error,
    mayHaveArrived: true,
    busy: false,
  });
  let leave: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (leave !== undefined) return;
    timeout.abort(new DOMException('The time for an attempt is up', 'TimeoutError'));
    leave = setTimeout(() => leaving.resolve(doubtful('no answer in time')), graceMs);
  };
  const timer = setTimeout(stop, timeoutMs);
  signal?.addEventListener('abort', stop, { once: true });
  if (signal?.aborted === true) stop();
  try {
    return await Promise.race([channel.deliver(alert, timeout.signal), leaving.promise]);
  } catch (error) {
    // A channel never rejects: this is a fault of ours, and its words could hold anything.
    return doubtful(`the attempt failed inside Cistern (${error instanceof Error ? error.name : 'unknown'})`);
  } finally {
    clearTimeout(timer);
    clearTimeout(leave);
    signal?.removeEventListener('abort', stop);
  }
}
