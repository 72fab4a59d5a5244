import type { Delivery, Unsent } from '../alert.ts';
import type { State } from '../state.ts';

/** What a run has done of what stood in the state. */
export interface Settlement {
  /** Ids of events that are on their timelines now. */
  readonly recorded: readonly string[];
  /** What became of each attempt to deliver an unsent alert. */
  readonly outcomes: readonly { readonly id: string; readonly delivery: Delivery }[];
  /** All that the run had set out to deliver: without an outcome it was not attempted. */
  readonly taken?: readonly Pick<Unsent, 'id'>[];
}

/**
 * The state without what is done. Goes by ids alone, so it is right on a newer state than the one that the run
 * began with, and when it is done twice or by two runs.
 */
export function settle(state: State, { recorded, outcomes, taken = [] }: Settlement): State {
  const settled = structuredClone(state);
  const done = new Set(recorded);
  settled.unrecorded = settled.unrecorded.filter(({ id }) => !done.has(id));
  const untried = new Set(taken.map(({ id }) => id));
  for (const { id, delivery } of outcomes) {
    untried.delete(id);
    const unsent = settled.unsent.find((each) => each.id === id);
    if (unsent === undefined) continue;
    if (delivery.outcome === 'accepted') accept(settled, unsent);
    else note(unsent, delivery);
  }
  for (const unsent of settled.unsent) if (untried.has(unsent.id)) delete unsent.attempting;
  return settled;
}

function accept(state: State, unsent: Unsent): void {
  state.unsent = state.unsent.filter((each) => each !== unsent);
  const { channel, alert } = unsent;
  const incident = state.incidents[alert.incident];
  if (incident === undefined) return;
  if (alert.kind === 'trigger') incident.channels[channel] = 'told';
  if (alert.kind === 'resolve' && incident.channels[channel] !== 'repeated') {
    incident.channels[channel] = 'resolved';
  }
}

function note(unsent: Unsent, delivery: Exclude<Delivery, { outcome: 'accepted' }>): void {
  unsent.attempts += 1;
  unsent.lastError = delivery.error;
  delete unsent.attempting;
  delete unsent.rejected;
  if (delivery.outcome === 'rejected') unsent.rejected = true;
  else if (delivery.mayHaveArrived) unsent.mayHaveArrived = true;
}
