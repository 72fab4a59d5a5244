import { acknowledge } from '../../lib/incidents/commands.ts';
import { channelsNamed, fresh, IncidentSteps, rulesFor } from './incident-steps.ts';

export const bad = fresh('shop', 'critical');
export const warning = fresh('shop', 'warning');
export const good = fresh('shop', 'ok');

/** `page` for what is critical (then `backup`, `boss`), `mail` for the rest. */
export function routed(): IncidentSteps {
  const channels = channelsNamed('page', 'mail', 'backup', 'boss');
  const routes = [
    { severities: ['P0', 'P1', 'P2'], channels: ['page'], fallback: ['backup'], escalate: ['boss'] },
    { channels: ['mail'] },
  ];
  return new IncidentSteps(rulesFor({ alerts: { channels, routes } }));
}

export function ack(steps: IncidentSteps): void {
  const { id } = steps.incident();
  steps.do((state, now, rules) => acknowledge(state, id, { by: 'ann', now }, rules));
}
