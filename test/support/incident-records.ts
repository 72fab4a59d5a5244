import type { IncidentEvent } from '../../lib/incidents/incident.ts';
import { foldTimeline, type Incident } from '../../lib/incidents/records/record.ts';

/** The record of a timeline. Throws where it has none. */
export function recordOf(...events: readonly IncidentEvent[]): Incident {
  const record = foldTimeline(events);
  if (record === undefined) throw new Error('nothing opens this timeline');
  return record;
}
