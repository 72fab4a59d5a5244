import { type Alert, type Unsent, unsent } from '../../lib/incidents/alert.ts';
import { type IncidentId, incidentId } from '../../lib/incidents/incident.ts';

export const at = Date.UTC(2026, 0, 31, 9, 15);

export function incident(rand = 'k3f9qa'): IncidentId {
  return incidentId.parse(`inc_20260131_0915_${rand}`);
}

/** A page of freshness, as the watch queues it. */
export function anAlert(changes: Partial<Alert> = {}): Alert {
  return {
    kind: 'trigger',
    reason: 'opened',
    incident: incident(),
    severity: 'P1',
    check: 'freshness',
    subjects: ['shop'],
    apps: ['shop'],
    stage: 'prod',
    environment: 'production',
    title: 'No log line of shop for 16 min',
    remedy: 'See whether its drain is still there',
    since: at - 16 * 60_000,
    at,
    lastObject: 'logs/shop/2026/01/31/1769849940000-6fa5d1c0-5a50-807c-9c3e-1c1f0b1f2a3b.gz',
    command: 'heroku drains --app shop',
    contact: '#team-shop',
    runbookUrl: 'https://wiki.example.com/cistern/freshness',
    ...changes,
  };
}

export function acknowledgement(changes: Partial<Alert> = {}): Alert {
  return anAlert({ kind: 'acknowledge', reason: 'acknowledged', at: at + 60_000, ...changes });
}

export function recovery(changes: Partial<Alert> = {}): Alert {
  return anAlert({
    kind: 'resolve',
    reason: 'resolved',
    at: at + 3_600_000,
    lastedMs: 3_600_000,
    ...changes,
  });
}

/** An alert in the queue of a channel. */
export function queued(channel: string, alert: Alert, changes: Partial<Unsent> = {}): Unsent {
  return unsent.parse({
    id: `${alert.incident}/${alert.reason}-${alert.kind}/${channel}`,
    channel,
    alert,
    queuedAt: alert.at,
    attempts: 0,
    mayHaveArrived: false,
    ...changes,
  });
}
