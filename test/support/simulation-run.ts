import type { Delivery } from '../../lib/alerts/channel.ts';
import type { Alert } from '../../lib/incidents/alert.ts';
import { acknowledge, mute, settle } from '../../lib/incidents/commands.ts';
import type { Step } from '../../lib/incidents/draft.ts';
import type { IncidentEvent } from '../../lib/incidents/incident.ts';
import { reconcile } from '../../lib/incidents/reconcile.ts';
import type { Rules } from '../../lib/incidents/rules.ts';
import { emptyState, type State } from '../../lib/incidents/state.ts';
import {
  accepted,
  channelsNamed,
  minute,
  rejected,
  rulesFor,
  timedOut,
  unreached,
} from './incident-steps.ts';
import { Random } from './random.ts';
import { isIn, look, type World } from './simulation-world.ts';

/** What a channel took in: what the person at its other end knows. */
export interface Arrival {
  readonly channel: string;
  readonly unsent: string;
  readonly alert: Alert;
  readonly at: number;
}

/** All that came of a simulation, for the model to judge. */
export interface Outcome {
  readonly world: World;
  readonly state: State;
  /** What the timelines hold, in order of arrival. */
  readonly recorded: ReadonlyMap<string, IncidentEvent>;
  /** What every stored step said had happened. */
  readonly happened: readonly IncidentEvent[];
  readonly arrivals: readonly Arrival[];
  /** Moments at which a look was stored, in order. */
  readonly looks: readonly number[];
  /** Runs that went through to their end. */
  readonly completed: readonly number[];
  /** When runs died, or two went on at once. */
  readonly doubtful: readonly number[];
}

export const rules: Rules = rulesFor({
  alerts: {
    channels: channelsNamed('page', 'backup', 'boss'),
    routes: [{ channels: ['page'], fallback: ['backup'], escalate: ['boss'] }],
  },
});

/** The weeks of a world, a run every five minutes: now and then two at once, and now and then one that dies. */
export function simulate(world: World, seed: number): Outcome {
  const simulation = new Simulation(world, seed);
  for (let at = world.from; at < world.until; at += 5 * minute) simulation.fiveMinutes(at);
  return simulation.outcome();
}

class Simulation {
  readonly #world: World;
  readonly #random: Random;
  #state: State = emptyState;
  #version = 0;
  readonly #recorded = new Map<string, IncidentEvent>();
  readonly #happened: IncidentEvent[] = [];
  readonly #arrivals: Arrival[] = [];
  readonly #looks: number[] = [];
  readonly #completed: number[] = [];
  readonly #doubtful: number[] = [];

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = new Random(seed + 1);
  }

  outcome(): Outcome {
    return {
      world: this.#world,
      state: this.#state,
      recorded: this.#recorded,
      happened: this.#happened,
      arrivals: this.#arrivals,
      looks: this.#looks,
      completed: this.#completed,
      doubtful: this.#doubtful,
    };
  }

  fiveMinutes(at: number): void {
    this.#people(at);
    const calm = at >= this.#world.calmFrom;
    if (!calm && this.#random.chance(0.005)) return;
    const watchers = [this.#watch(at)];
    if (!calm && this.#random.chance(0.05)) watchers.push(this.#watch(at + this.#random.between(0, 2000)));
    if (watchers.length > 1) this.#doubtful.push(at);
    while (watchers.length > 0) {
      const index = this.#random.between(0, watchers.length - 1);
      const died = !calm && this.#random.chance(0.01);
      if (died) this.#doubtful.push(at);
      if (died || watchers[index]?.next().done === true) watchers.splice(index, 1);
    }
  }

  /** Mutes as planned; and sometimes somebody acknowledges. */
  #people(at: number): void {
    for (const { scope, from, until } of this.#world.mutes) {
      if (from > at || from <= at - 5 * minute) continue;
      this.#store(mute(this.#state, { scope, until, reason: 'works', by: 'ann', now: at }, rules));
    }
    const open = Object.values(this.#state.incidents).find(({ resolvedAt }) => resolvedAt === undefined);
    if (open !== undefined && this.#random.chance(0.003)) {
      this.#store(acknowledge(this.#state, open.id, { by: 'ann', now: at }, rules));
    }
  }

  #store(step: Step): void {
    this.#state = step.state;
    this.#version += 1;
    this.#happened.push(...step.events);
  }

  /** One run; it may end for good at every `yield`. */
  *#watch(at: number): Generator<void, void> {
    let state = this.#state;
    let version = this.#version;
    yield;
    const results = look(this.#world, at - (at % (5 * minute)));
    yield;
    let step = reconcile(state, results, at, rules);
    while (version !== this.#version) {
      state = this.#state;
      version = this.#version;
      yield;
      step = reconcile(state, results, at, rules);
    }
    this.#store(step);
    const look5 = at - (at % (5 * minute));
    if (this.#looks.at(-1) !== look5) this.#looks.push(look5);
    yield;

    const recorded: string[] = [];
    for (const event of step.state.unrecorded) {
      this.#recorded.set(event.id, event);
      recorded.push(event.id);
      yield;
    }
    const outcomes: { id: string; delivery: Delivery }[] = [];
    const held = new Set<string>();
    for (const { id, channel, alert } of step.state.unsent) {
      if (held.has(`${channel} ${alert.incident}`)) continue;
      const delivery = this.#deliver(channel, id, alert, at);
      if (delivery.outcome !== 'accepted') held.add(`${channel} ${alert.incident}`);
      outcomes.push({ id, delivery });
      yield;
    }
    if (recorded.length + outcomes.length > 0) {
      this.#state = settle(this.#state, { recorded, outcomes, taken: step.state.unsent });
      this.#version += 1;
    }
    this.#completed.push(at);
  }

  #deliver(channel: string, unsent: string, alert: Alert, at: number): Delivery {
    const fault = this.#world.channelFaults.get(channel)?.find((span) => isIn([span], at))?.fault;
    if (fault === 'unreached') return unreached;
    if (fault === 'rejected') return rejected;
    this.#arrivals.push({ channel, unsent, alert, at });
    return fault === undefined ? accepted : timedOut;
  }
}
