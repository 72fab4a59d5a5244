import type { State } from '../state.ts';
import { times } from './thresholds.ts';

/** A last run that lies further ahead than this had a wrong clock, or we have. */
const mostAhead = 60 * 60_000;

/**
 * The state as one can go on from it after a run whose clock was far ahead; the same state where none was. Times
 * to come are taken for now, and what checks remember, which may name such times, is forgotten: else nothing
 * would be counted, told again or ended until they had come. `now` in milliseconds since 1970.
 */
export function repairClock(state: State, now: number): State {
  if ((state.ranAt ?? 0) - now <= mostAhead) return state;
  const changed = structuredClone(state);
  // So that this run's looks are not taken for the last run's.
  const before = now - times.sameLook;
  changed.ranAt = before;
  for (const subject of Object.values(changed.subjects)) {
    delete subject.memory;
    limit(subject, ['countedAt'], before);
    limit(subject, ['firstBadAt', 'firstGoodAt', 'since', 'lastBadAt', 'lastSeenAt'], now);
  }
  for (const incident of Object.values(changed.incidents)) {
    // Not `lastEventAt`: its timeline stays in order.
    limit(incident, ['since', 'openedAt', 'lastBadAt', 'mitigatedAt', 'resolvedAt', 'closedAt'], now);
    limit(incident, ['toldAt', 'waitingSince', 'escalatedAt'], now);
  }
  for (const unsent of changed.unsent) limit(unsent, ['queuedAt'], now);
  return changed;
}

function limit<Name extends string>(
  times: { [Each in Name]?: number },
  names: readonly Name[],
  latest: number,
): void {
  for (const name of names) {
    const time = times[name];
    if (time !== undefined && time > latest) times[name] = latest;
  }
}
