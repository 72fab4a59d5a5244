import type { EventOf, IncidentEvent } from '../../lib/incidents/incident.ts';
import { minute } from './incident-steps.ts';
import type { Arrival } from './simulation-run.ts';
import { isIn } from './simulation-world.ts';

/** The look that something belongs to: a second watcher may be a little late. */
export function lookOf(at: number): number {
  return at - (at % (5 * minute));
}

interface OpenSpan {
  readonly from: number;
  until: number;
}

/** One incident as its timeline tells it. */
export class Life {
  readonly id: string;
  readonly events: readonly IncidentEvent[];
  readonly arrivals: readonly Arrival[];
  readonly opened: EventOf<'opened'>;
  /** Keys of its subjects, and since when each is in it. */
  readonly members = new Map<string, number>();
  readonly spans: OpenSpan[] = [];

  constructor(events: readonly IncidentEvent[], arrivals: readonly Arrival[]) {
    this.events = events.toSorted((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
    const [opened] = this.events;
    if (opened?.verb !== 'opened') throw new Error(`a timeline begins with ${opened?.verb}`);
    this.opened = opened;
    this.id = opened.incident;
    this.arrivals = arrivals.filter(({ alert }) => alert.incident === this.id);
    for (const event of this.events) {
      if (event.verb === 'opened' || event.verb === 'widened') {
        for (const subject of event.subjects) {
          const check = event.apps.includes(subject) ? 'freshness' : opened.check;
          this.members.set(`${check} ${subject}`, lookOf(event.at));
        }
      }
      if (event.verb === 'opened' || event.verb === 'reopened') {
        this.spans.push({ from: lookOf(event.at), until: Number.POSITIVE_INFINITY });
      }
      const span = this.spans.at(-1);
      const isOver = event.verb === 'resolved' || event.verb === 'mitigated';
      if (isOver && span !== undefined) span.until = lookOf(event.at);
    }
  }

  isAbout(key: string, at: number): boolean {
    return (this.members.get(key) ?? Number.POSITIVE_INFINITY) <= at && isIn(this.spans, at);
  }
}
