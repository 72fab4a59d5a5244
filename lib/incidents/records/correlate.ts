import { endedAt } from './durations.ts';
import type { Incident } from './record.ts';

export const correlationWindowMs: number = 30 * 60_000;

/** Another incident that may have to do with one. */
export interface Correlation {
  readonly incident: Incident;
  /** `check freshness`, `app shop`: at least one. */
  readonly shared: readonly string[];
  /** How much later it was opened, in milliseconds; negative: earlier. */
  readonly after: number;
}

/** Others that were open within 30 minutes of an incident's opening and share its check or an app, nearest first. */
export function correlate(incident: Incident, others: readonly Incident[]): Correlation[] {
  return others
    .filter((other) => other.id !== incident.id && wasOpenNear(incident.openedAt, other))
    .map((other) => ({
      incident: other,
      shared: sharedBy(incident, other),
      after: other.openedAt - incident.openedAt,
    }))
    .filter(({ shared }) => shared.length > 0)
    .sort((a, b) => Math.abs(a.after) - Math.abs(b.after) || (a.incident.id < b.incident.id ? -1 : 1));
}

function wasOpenNear(at: number, other: Incident): boolean {
  const end = endedAt(other) ?? Number.POSITIVE_INFINITY;
  return other.openedAt <= at + correlationWindowMs && end >= at - correlationWindowMs;
}

function sharedBy(incident: Incident, other: Incident): string[] {
  // Those opened by hand have that in common, and nothing else.
  const sameCheck = incident.check === other.check && incident.check !== 'manual';
  return [
    ...(sameCheck ? [`check ${incident.check}`] : []),
    ...incident.apps.filter((app) => other.apps.includes(app)).map((app) => `app ${app}`),
  ];
}
