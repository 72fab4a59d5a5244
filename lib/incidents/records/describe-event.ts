import { instant, oneLine } from '../../base/text.ts';
import type { IncidentEvent } from '../incident.ts';

/** What an event says beside its verb, on one line; the empty string where the verb says it all. */
export function describeEvent(event: IncidentEvent): string {
  return oneLine(words(event));
}

function words(event: IncidentEvent): string {
  switch (event.verb) {
    case 'opened':
      return `${event.severity}, ${event.title}`;
    case 'escalated':
      return `from ${event.from} to ${event.to}, ${event.reason}`;
    case 'widened':
      return event.subjects.join(', ');
    case 'noted':
      return event.text;
    case 'acknowledged':
      return `until ${instant(event.until)}`;
    case 'muted':
      return `${event.scope} until ${instant(event.until)}, ${event.reason}`;
    case 'follow-up-added':
      return `${event.followUp}, ${event.text} (${event.owner}, due ${event.due})`;
    case 'follow-up-done':
      return event.followUp;
    case 'artifact-attached':
      return `${event.name} (${event.bytes.toLocaleString('en')} bytes)`;
    case 'reopened':
      return `${event.severity}, ${event.reason}`;
    case 'mitigated':
    case 'resolved':
    case 'closed':
      return event.reason;
  }
}
