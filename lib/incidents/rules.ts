import type { Route } from '../alerts/alert-config.ts';
import type { IncidentCheck, Severity } from './incident.ts';

/** What the configuration says of incidents and alerts. */
export interface Rules {
  readonly stage: string;
  readonly environment: string;
  /** Ends in a slash where it is set; a page's name follows. */
  readonly runbookBase?: string;
  contactOf(app: string): string | undefined;
  /** The channels that hear of such an incident. */
  route(incident: Routed): Pick<Route, 'channels' | 'fallback' | 'escalate'>;
}

export interface Routed {
  readonly severity: Severity;
  readonly check: IncidentCheck;
  readonly apps: readonly string[];
}
