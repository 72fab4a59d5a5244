import type { IncidentEvent } from '../../lib/incidents/incident.ts';
import type { Round } from '../../lib/jobs/watch-round.ts';
import type { ServeOutput } from './output.ts';

/** Tells whoever looks at the output of `serve` what a round changed, and nothing that was told before. */
export class RoundTeller {
  readonly #output: ServeOutput;
  /** Why a channel does not take its alerts, by its name. */
  #failing: ReadonlyMap<string, string> = new Map();

  constructor(output: ServeOutput) {
    this.#output = output;
  }

  tell(round: Round): void {
    for (const event of round.events) {
      const { title, severity } = round.state.incidents[event.incident] ?? {};
      this.#output.incident({
        verb: event.verb,
        trouble: isTrouble(event),
        fields: { incident: event.incident, title, severity, ...detailsOf(event) },
      });
    }
    this.#tellChannels(round);
  }

  /** An alert is tried again in every round: a channel is told of when it begins to fail, in another way, or to work. */
  #tellChannels({ state }: Round): void {
    const failing = new Map<string, string>();
    for (const { channel, lastError } of state.unsent)
      if (lastError !== undefined) failing.set(channel, lastError);
    for (const [channel, why] of failing) {
      if (this.#failing.get(channel) === why) continue;
      const alerts = state.unsent.filter((each) => each.channel === channel).length;
      this.#output.warn('a channel takes no alerts; each round tries again', { channel, alerts, why });
    }
    for (const channel of this.#failing.keys()) {
      if (!failing.has(channel))
        this.#output.info(`channel ${channel} holds back no alert any more`, { channel });
    }
    this.#failing = failing;
  }
}

function isTrouble({ verb }: IncidentEvent): boolean {
  return verb === 'opened' || verb === 'escalated' || verb === 'reopened' || verb === 'widened';
}

function detailsOf(event: IncidentEvent): Readonly<Record<string, string>> {
  switch (event.verb) {
    case 'opened':
      return { title: event.title, severity: event.severity, remedy: event.remedy };
    case 'escalated':
      return { severity: event.to };
    case 'resolved':
    case 'mitigated':
    case 'reopened':
      return { reason: event.reason };
    default:
      return {};
  }
}
