import { parseConfig } from '../../lib/config/config.ts';
import { type AppName, parseAppName } from '../../lib/drains/app-name.ts';
import type { CheckName, CheckResult, Finding } from '../../lib/findings/finding.ts';
import type { Alert, Delivery } from '../../lib/incidents/alert.ts';
import { mute } from '../../lib/incidents/commands.ts';
import type { EventOf, IncidentEvent, IncidentId, Verb } from '../../lib/incidents/incident.ts';
import type { Step } from '../../lib/incidents/rules/draft.ts';
import { reconcile } from '../../lib/incidents/rules/reconcile.ts';
import { type Rules, rulesOf } from '../../lib/incidents/rules/rules.ts';
import { settle } from '../../lib/incidents/rules/settle.ts';
import { emptyState, type LiveIncident, type State } from '../../lib/incidents/state.ts';

export const minute = 60_000;
export const hour = 60 * minute;
/** A Saturday, 09:15 UTC. */
export const start: number = Date.UTC(2026, 0, 31, 9, 15);

export function appName(text: string): AppName {
  const name = parseAppName(text);
  if (name === undefined) throw new Error(`${text} is no app name`);
  return name;
}

type Rest = Partial<Omit<Finding, 'check' | 'subject' | 'status'>>;

/** A finding of any check. */
export function finding(
  check: CheckName,
  subject: string,
  status: Finding['status'],
  rest: Rest = {},
): Finding {
  return {
    check,
    subject,
    status,
    summary: `${check} of ${subject} is ${status}`,
    evidence: {},
    remedy: status === 'ok' ? '' : `mend ${subject}`,
    ...rest,
  };
}

/** A finding of the freshness of an app. */
export function fresh(app: string, status: Finding['status'], rest: Rest = {}): Finding {
  return finding('freshness', app, status, { app: appName(app), ...rest });
}

/** One result a check, from findings of any. */
export function resultsOf(findings: readonly Finding[]): CheckResult[] {
  return [...Map.groupBy(findings, ({ check }) => check)].map(([check, of]) => ({ check, findings: of }));
}

/** Rules from a configuration's keys; by default two channels and no routes. */
export function rulesFor(config: Readonly<Record<string, unknown>> = {}): Rules {
  return rulesOf(parseConfig({ alerts: { channels: channelsNamed('page', 'mail') }, ...config }));
}

export function channelsNamed(...names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, { type: 'webhook' }]));
}

export const accepted: Delivery = { outcome: 'accepted' };
export const rejected: Delivery = { outcome: 'rejected', error: 'invalid key' };
export const unreached: Delivery = {
  outcome: 'retry',
  error: 'refused',
  mayHaveArrived: false,
  busy: false,
};
export const timedOut: Delivery = { outcome: 'retry', error: 'timeout', mayHaveArrived: true, busy: false };

/** Feeds findings to the incidents run by run, records what they record and delivers what they send. */
export class IncidentSteps {
  state: State = emptyState;
  now = start;
  readonly events: IncidentEvent[] = [];
  /** Every alert that a channel accepted, as `<channel> <kind> <reason>`. */
  readonly told: string[] = [];
  readonly alerts: Alert[] = [];
  rules: Rules;
  /** What each channel says of each attempt. */
  answer: (channel: string, alert: Alert) => Delivery = () => accepted;

  constructor(rules: Rules = rulesFor()) {
    this.rules = rules;
  }

  /** One run, five minutes after the last. */
  run(...findings: readonly Finding[]): Step {
    return this.runAfter(5, resultsOf(findings));
  }

  runAfter(minutes: number, results: readonly CheckResult[]): Step {
    this.now += minutes * minute;
    return this.take(reconcile(this.state, results, this.now, this.rules));
  }

  /** The same findings every five minutes, for so long. Returns what was told meanwhile. */
  runFor(minutes: number, ...findings: readonly Finding[]): string[] {
    const before = this.told.length;
    for (let left = minutes; left > 0; left -= 5) this.run(...findings);
    return this.told.slice(before);
  }

  /** Applies a command by hand. */
  do(command: (state: State, now: number, rules: Rules) => Step): Step {
    return this.take(command(this.state, this.now, this.rules));
  }

  take(step: Step): Step {
    this.state = step.state;
    this.events.push(...step.events);
    const outcomes = step.state.unsent.map(({ id, channel, alert }) => {
      const delivery = this.answer(channel, alert);
      if (delivery.outcome === 'accepted') {
        this.told.push(`${channel} ${alert.kind} ${alert.reason}`);
        this.alerts.push(alert);
      }
      return { id, delivery };
    });
    const recorded = step.state.unrecorded.map(({ id }) => id);
    this.state = settle(this.state, { recorded, outcomes });
    return step;
  }

  /** What was accepted since the last call. */
  toldNow(): string[] {
    return this.told.splice(0);
  }

  verbs(id?: IncidentId): Verb[] {
    return this.events.filter(({ incident }) => id === undefined || incident === id).map(({ verb }) => verb);
  }

  eventsOf<V extends Verb>(verb: V): EventOf<V>[] {
    return this.events.filter((event): event is EventOf<V> => event.verb === verb);
  }

  /** The only incident of the state. */
  incident(): LiveIncident {
    const [incident, ...others] = Object.values(this.state.incidents);
    if (incident === undefined || others.length > 0) {
      throw new Error(`${others.length + (incident === undefined ? 0 : 1)} incidents instead of one`);
    }
    return incident;
  }
}

/** Mutes `scope` for so many minutes. */
export function muted(steps: IncidentSteps, scope: string, minutes: number): void {
  steps.do((state, now, rules) =>
    mute(state, { scope, until: now + minutes * minute, reason: 'works', by: 'ann', now }, rules),
  );
}
