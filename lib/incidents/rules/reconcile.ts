import type { CheckResult } from '../../findings/finding.ts';
import type { State } from '../state.ts';
import { type Step, stepFrom } from './draft.ts';
import { announceAttempts, doubtAttempts, dropRemovedChannels, queueDueAlerts } from './due-alerts.ts';
import { end, prune } from './end-incidents.ts';
import { carryOn, open } from './open-incidents.ts';
import type { Rules } from './rules.ts';
import { takeIn } from './subjects.ts';

export type { Step } from './draft.ts';

/**
 * What a run makes of the state: which incidents its results open, worsen and end, and who is to be told.
 *
 * Pure, and names everything by what it is about: done again from the same state at the same time
 * (milliseconds since 1970) it gives the same; done again on its own result it records no event and queues no
 * alert. What is unsent then counts as attempted: nobody knows whether the first run came to attempt it.
 */
export function reconcile(state: State, results: readonly CheckResult[], now: number, rules: Rules): Step {
  return stepFrom(state, now, rules, (draft) => {
    doubtAttempts(draft);
    dropRemovedChannels(draft);
    const looked = takeIn(draft, results);
    carryOn(draft, looked);
    open(draft, looked);
    end(draft, looked);
    queueDueAlerts(draft);
    prune(draft);
    announceAttempts(draft);
    draft.state.ranAt = draft.now;
  });
}
