import type { Channel } from '../alerts/channels/channel.ts';
import { deliverAll, type Outcome } from '../alerts/deliver.ts';
import type { Log } from '../base/log.ts';
import type { Check, CheckResult } from '../findings/finding.ts';
import { settle } from '../incidents/commands.ts';
import type { IncidentEvent } from '../incidents/incident.ts';
import { reconcile } from '../incidents/rules/reconcile.ts';
import { repairClock } from '../incidents/rules/repair-clock.ts';
import type { Rules } from '../incidents/rules/rules.ts';
import { emptyState, type State } from '../incidents/state.ts';
import { type IncidentStore, UnreadableError } from '../incidents/store/incident-store.ts';
import { LedgerError } from '../ledger/ledger.ts';
import { runChecks } from '../watch/run-checks.ts';

/** All that one stage, or one data directory, is watched with. */
export interface Watch {
  readonly store: IncidentStore;
  /** What is looked at, given what is known. */
  readonly checks: (known: Known) => readonly Check[];
  readonly channels: ReadonlyMap<string, Channel>;
  readonly rules: Rules;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** What is known when a round begins. */
export interface Known {
  readonly state: State;
  /** Where a state was that could not be understood, and that this one takes the place of. */
  readonly setAside?: string;
}

/** What one round found and did. */
export interface Round {
  readonly results: readonly CheckResult[];
  /** What happened to incidents in it. */
  readonly events: readonly IncidentEvent[];
  readonly outcomes: readonly Outcome[];
  /** As it was stored last. */
  readonly state: State;
}

export interface RoundLimits {
  /** How long the checks may take together, and how long recording and telling may, in milliseconds. */
  readonly checksMs: number;
  readonly deliveryMs: number;
  /** Gives the round up while it looks: then it changes nothing. While it tells: what was not tried stays unsent. */
  readonly signal?: AbortSignal;
}

/** How often a state is read again that somebody else has replaced meanwhile. */
const tries = 8;

/**
 * One round of the watch: look, reconcile, store the state, record, tell, store what was recorded and told.
 *
 * Whatever is recorded or told stands in the stored state before, and leaves it after. So a round may die
 * anywhere, or meet another one: the next finishes it, and what is done twice does no harm. Rejects when the
 * state can't be read or stored: then nobody is told, and who started the round has to be loud about it.
 */
export async function runRound(watch: Watch, limits: RoundLimits): Promise<Round> {
  const clock = watch.now ?? Date.now;
  const now = clock();
  const found = await readState(watch);
  const bounds = { now, timeoutMs: limits.checksMs, signal: limits.signal };
  const results = await runChecks(watch.checks(found), found.state, bounds);
  limits.signal?.throwIfAborted();

  const ours = new Set<string>();
  const stored = await replaceState(watch, found, (state) => {
    const step = reconcile(state, results, now, watch.rules);
    for (const { id } of step.events) ours.add(id);
    return step.state;
  });
  const events = stored.unrecorded.filter(({ id }) => ours.has(id));

  const until = clock() + limits.deliveryMs;
  const [recorded, outcomes] = await Promise.all([
    record(watch, stored.unrecorded, limits),
    deliverAll(stored.unsent, watch.channels, { until, now: clock, ...signalOf(limits) }),
  ]);
  const settled = await replaceState(watch, await readState(watch), (state) =>
    settle(state, { recorded, outcomes, taken: stored.unsent }),
  );
  return { results, events, outcomes, state: settled };
}

function signalOf({ signal }: RoundLimits): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal };
}

interface FoundState extends Known {
  readonly version: string | undefined;
}

async function readState(watch: Watch): Promise<FoundState> {
  const found = await readStored(watch);
  const state = repairClock(found.state, (watch.now ?? Date.now)());
  if (state !== found.state) {
    const at = new Date(found.state.ranAt ?? 0).toISOString();
    watch.log.warn('the last run had another clock, far ahead: what it says of times to come is now', { at });
  }
  return { ...found, state };
}

async function readStored({ store, log }: Watch): Promise<FoundState> {
  try {
    return (await store.readState()) ?? { state: emptyState, version: undefined };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    log.error("the watch's state can't be understood: set aside", { key: error.key, error });
    await store.setAsideState(error);
    return { state: error.rest ?? emptyState, version: error.version, setAside: error.key };
  }
}

/**
 * Applies `change` to the newest state, as often as somebody else replaces it in between, and once more where
 * nobody knows whether it was replaced: then it may be applied to its own result. Returns what was stored, which
 * another round may have replaced since: what is told must stand in a state of our own.
 */
async function replaceState(
  watch: Watch,
  found: FoundState,
  change: (state: State) => State,
): Promise<State> {
  let { state, version } = found;
  let inDoubt = false;
  for (let left = tries; left > 0; left -= 1) {
    const next = change(state);
    try {
      if ((await watch.store.replaceState(next, version)) === 'replaced') return next;
    } catch (error) {
      if (inDoubt || !(error instanceof LedgerError && error.retry)) throw error;
      inDoubt = true;
    }
    ({ state, version } = await readState(watch));
  }
  throw new Error(`the watch's state was replaced by others ${tries} times in a row`);
}

/**
 * Adds to the timelines what the state says is missing there. Returns the ids of those that are there now. Bounded
 * in time as telling is, whose outcomes wait for it before they stand in the state.
 */
async function record(
  { store, log }: Watch,
  events: readonly IncidentEvent[],
  { deliveryMs, signal }: RoundLimits,
): Promise<string[]> {
  const timeout = AbortSignal.timeout(deliveryMs);
  const bound = signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
  const recorded: string[] = [];
  for (const event of events) {
    try {
      await store.append(event, bound);
      recorded.push(event.id);
    } catch (error) {
      log.error('an event could not be recorded; the next round tries again', { event: event.id, error });
    }
    if (bound.aborted) break;
  }
  return recorded;
}
