import type { Route } from '../../config/alert-config.ts';
import type { Config } from '../../config/config.ts';
import type { IncidentCheck, Severity } from '../../findings/severity.ts';

/** What the configuration says of incidents and alerts. */
export interface Rules {
  readonly stage: string;
  readonly environment: string;
  /** What names the stage on a command line, where that is known: `--stage production`. */
  readonly target?: string;
  /** Ends in a slash where it is set; a page's name follows. */
  readonly runbookBase?: string;
  /** Every channel there is. */
  readonly channels: readonly string[];
  contactOf(app: string): string | undefined;
  /** The channels that hear of such an incident. Of several apps: those that hear of any of them. */
  route(incident: Routed): Routing;
}

export interface Routed {
  readonly severity: Severity;
  readonly check: IncidentCheck;
  readonly environment: string;
  /** None: it is about no app in particular. */
  readonly apps: readonly string[];
}

export interface Routing {
  readonly channels: readonly string[];
  readonly fallback: readonly string[];
  readonly escalate: readonly string[];
}

/** The first route that matches takes an incident; one that no route matches goes to every channel. */
export function rulesOf(config: Config, target?: string): Rules {
  const { stage, environment, runbookBase, apps, alerts } = config;
  const contacts = new Map(apps.map(({ name, contact }) => [String(name), contact]));
  const channels = Object.keys(alerts.channels);
  return {
    stage,
    environment,
    ...(target === undefined ? {} : { target }),
    ...(runbookBase === undefined ? {} : { runbookBase: runbookBase.replace(/\/*$/, '/') }),
    channels,
    contactOf: (app) => contacts.get(app),
    route(incident) {
      const each = incident.apps.length === 0 ? [undefined] : incident.apps;
      const taken = each.map((app) => alerts.routes.find((route) => matches(route, incident, app)));
      const all = { channels, fallback: [], escalate: [] };
      return joined(taken.map((route) => route ?? all));
    },
  };
}

/** All of them in one, each channel once. */
export function joined(routings: readonly Partial<Routing>[]): Routing {
  const union = (key: keyof Routing) => [...new Set(routings.flatMap((each) => each[key] ?? []))];
  return { channels: union('channels'), fallback: union('fallback'), escalate: union('escalate') };
}

function matches(
  { severities, checks, apps, environments }: Route,
  { severity, check, environment }: Routed,
  app: string | undefined,
): boolean {
  return (
    (severities?.includes(severity) ?? true) &&
    (checks?.includes(check) ?? true) &&
    (environments?.includes(environment) ?? true) &&
    (apps === undefined || (app !== undefined && apps.includes(app)))
  );
}
