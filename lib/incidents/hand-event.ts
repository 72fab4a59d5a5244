import { randomBytes } from 'node:crypto';
import type { ByHand } from './commands.ts';
import type { IncidentEvent, IncidentId } from './incident.ts';
import type { Happening } from './rules/draft.ts';

/** An event that somebody adds to a timeline by hand, and that the watch's state need not know of. */
export function handEvent(
  incident: IncidentId,
  happening: Extract<
    Happening,
    { verb: 'noted' | 'follow-up-added' | 'follow-up-done' | 'artifact-attached' | 'resolved' }
  >,
  { by, now }: ByHand,
): IncidentEvent {
  const name = incident.slice('inc_'.length).replaceAll('_', '-');
  const id = `${name}-${happening.verb}-${randomBytes(6).toString('hex')}`;
  return { ...happening, id, incident, at: now, by };
}
