import { hash } from 'node:crypto';
import type { IncidentCheck } from '../../findings/severity.ts';
import { type IncidentId, parseIncidentId } from '../incident.ts';
import type { State } from '../state.ts';

interface Opening {
  readonly stage: string;
  readonly check: IncidentCheck;
  readonly subjects: readonly string[];
  /** Of one opened by hand, which may have no subjects. */
  readonly title?: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Derived from what it is about: two watchers that open the same incident give it the same id. */
export function newIncidentId(state: State, opening: Opening): IncidentId {
  const { stage, check, subjects, title = '', at } = opening;
  const time = new Date(at).toISOString();
  const minute = `${time.slice(0, 10).replaceAll('-', '')}_${time.slice(11, 16).replace(':', '')}`;
  for (let attempt = 0; ; attempt += 1) {
    const digest = hash('sha256', JSON.stringify([stage, check, subjects, title, at, attempt]), 'buffer');
    const id = parseIncidentId(`inc_${minute}_${randOf(digest)}`);
    if (id === undefined) throw new RangeError(`no incident can open at ${time}`);
    if (!Object.hasOwn(state.incidents, id)) return id;
  }
}

const letters = 'abcdefghijklmnopqrstuvwxyz0123456789';

function randOf(digest: Buffer): string {
  return Array.from({ length: 6 }, (_, index) => letters.charAt(digest.readUInt32BE(index * 4) % 36)).join(
    '',
  );
}
