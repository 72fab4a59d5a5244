import type { IncidentCheck } from '../../findings/severity.ts';
import type { IncidentId } from '../incident.ts';
import type { Incident } from './record.ts';

/** The same trouble more than once. */
export interface Recurrence {
  readonly check: IncidentCheck;
  readonly subject: string;
  /** When it was opened or reopened, milliseconds since 1970, in order: at least two. */
  readonly at: readonly number[];
  readonly incidents: readonly IncidentId[];
}

export interface Window {
  /** Milliseconds since 1970; `to` is the first instant that is not in it any more. */
  readonly from: number;
  readonly to: number;
}

/** Subjects of one check whose trouble began more than once in a window, the most frequent first. */
export function recurrences(records: readonly Incident[], { from, to }: Window): Recurrence[] {
  const starts = records.flatMap(({ id, check, subjects, openedAt, reopenings }) =>
    [openedAt, ...reopenings]
      .filter((at) => at >= from && at < to)
      .flatMap((at) => subjects.map((subject) => ({ id, check, subject, at }))),
  );
  const groups = Map.groupBy(starts, ({ check, subject }) => `${check} ${subject}`);
  return [...groups.values()]
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined || group.length < 2) return [];
      const { check, subject } = first;
      return {
        check,
        subject,
        at: group.map(({ at }) => at).sort((a, b) => a - b),
        incidents: [...new Set(group.map(({ id }) => id))].sort(),
      };
    })
    .sort((a, b) => b.at.length - a.at.length || (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf({ check, subject }: Recurrence): string {
  return `${check} ${subject}`;
}
