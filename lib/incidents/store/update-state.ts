import { isDeepStrictEqual } from 'node:util';
import { LedgerError } from '../../ledger/ledger.ts';
import type { IncidentEvent } from '../incident.ts';
import type { Step } from '../rules/draft.ts';
import { emptyState, type State } from '../state.ts';
import type { IncidentStore, StoredState } from './incident-store.ts';

/** How often a state is read again that somebody else has replaced meanwhile, or that a failure left in doubt. */
const tries = 8;

/** A step that is stored. */
export interface Updated {
  readonly step: Step;
  /** False: events of it are in the state only, until the next run of the watch adds them to their timelines. */
  readonly recorded: boolean;
}

/**
 * Changes the state by hand: reads, changes, replaces if unchanged, as often as it takes, then adds the step's
 * events to their timelines. Rejects with what `change` throws, and when the state can't be read or stored.
 */
export async function updateState(
  store: IncidentStore,
  change: (state: State) => Step,
  signal?: AbortSignal,
): Promise<Updated> {
  const step = await replaceState(store, change, signal);
  let recorded = true;
  for (const event of step.events) {
    try {
      await store.append(event, signal);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      recorded = false;
    }
  }
  return { step, recorded };
}

async function replaceState(
  store: IncidentStore,
  change: (state: State) => Step,
  signal: AbortSignal | undefined,
): Promise<Step> {
  let inDoubt: Step | undefined;
  for (let left = tries; left > 0; left -= 1) {
    const found = await store.readState(signal);
    if (inDoubt !== undefined && (await isStored(store, inDoubt, found))) return inDoubt;
    const step = change(found?.state ?? emptyState);
    try {
      if ((await store.replaceState(step.state, found?.version, signal)) === 'replaced') return step;
    } catch (error) {
      // It may have been replaced all the same: the state itself knows.
      if (!(error instanceof LedgerError && error.retry) || left === 1) throw error;
      inDoubt = step;
    }
  }
  throw new LedgerError(`the watch's state was replaced by others ${tries} times in a row: try again`, true);
}

/** Whether a step whose storing is in doubt stands in what is stored now, or did until its events were recorded. */
async function isStored(
  store: IncidentStore,
  { state, events }: Step,
  found: StoredState | undefined,
): Promise<boolean> {
  if (found === undefined) return false;
  if (isDeepStrictEqual(found.state, state)) return true;
  const isIn = (all: readonly IncidentEvent[]) =>
    events.every((event) => all.some((each) => isDeepStrictEqual(each, event)));
  const [first] = events;
  if (first === undefined) return false;
  return isIn(found.state.unrecorded) || isIn((await store.timeline(first.incident)).events);
}
