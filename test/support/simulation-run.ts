import { setImmediate as others } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Alert, Delivery, Unsent } from '../../lib/incidents/alert.ts';
import { acknowledge, mute } from '../../lib/incidents/commands.ts';
import type { IncidentEvent } from '../../lib/incidents/incident.ts';
import { rulesOf } from '../../lib/incidents/rules/rules.ts';
import {
  emptyState,
  type LiveIncident,
  type State,
  state as stateSchema,
} from '../../lib/incidents/state.ts';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { updateState } from '../../lib/incidents/store/update-state.ts';
import { runRound } from '../../lib/jobs/watch-round.ts';
import { LedgerError } from '../../lib/ledger/ledger.ts';
import { accepted, minute, rejected, timedOut, unreached } from './incident-steps.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { Random } from './random.ts';
import { SimulatedConfig, simulatedChecks } from './simulation-checks.ts';
import { type Fate, Watcher } from './simulation-watcher.ts';
import { isIn, type World } from './simulation-world.ts';

/** What a channel took in: what the person at its other end knows. */
export interface Arrival {
  readonly channel: string;
  /** The id under which it was unsent. */
  readonly unsent: string;
  readonly alert: Alert;
  readonly at: number;
}

/** All that came of a simulation, for the model to judge. */
export interface Outcome {
  readonly world: World;
  readonly state: State;
  /** What the timelines hold. */
  readonly recorded: ReadonlyMap<string, IncidentEvent>;
  /** What every stored state said had happened. */
  readonly happened: readonly IncidentEvent[];
  readonly arrivals: readonly Arrival[];
  /** Moments at which a look was stored, in order. */
  readonly looks: readonly number[];
  /** Runs that went through to their end. */
  readonly completed: readonly number[];
  /** When runs died or failed, or two went on at once. */
  readonly doubtful: readonly number[];
}

/** The weeks of a world, a round every five minutes: now and then two at once, and now and then one that dies. */
export async function simulate(world: World, seed: number): Promise<Outcome> {
  const simulation = new Simulation(world, seed);
  for (let at = world.from; at < world.until; at += 5 * minute) await simulation.fiveMinutes(at);
  return simulation.outcome();
}

const limits = { checksMs: 60_000, deliveryMs: 30_000 };
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

class Simulation {
  readonly #world: World;
  readonly #random: Random;
  readonly #configs: SimulatedConfig;
  readonly #ledger = new MemoryLedger();
  readonly #happened: IncidentEvent[] = [];
  readonly #arrivals: Arrival[] = [];
  readonly #looks: number[] = [];
  readonly #completed: number[] = [];
  readonly #doubtful: number[] = [];

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = new Random(seed + 1);
    this.#configs = new SimulatedConfig(world);
  }

  async outcome(): Promise<Outcome> {
    const store = new LedgerIncidents(this.#ledger);
    const recorded = new Map<string, IncidentEvent>();
    for await (const id of store.ids()) {
      const { events, unreadable } = await store.timeline(id);
      if (unreadable.length > 0) throw new Error(`${unreadable} can't be read`);
      for (const event of events) recorded.set(event.id, event);
    }
    return {
      world: this.#world,
      state: (await store.readState())?.state ?? emptyState,
      recorded,
      happened: this.#happened,
      arrivals: this.#arrivals,
      looks: this.#looks,
      completed: this.#completed,
      doubtful: this.#doubtful,
    };
  }

  async fiveMinutes(at: number): Promise<void> {
    this.#ledger.calls.splice(0);
    await this.#people(at);
    const isCalm = at >= this.#world.calmFrom;
    if (!isCalm && this.#random.chance(0.005)) return;
    if (isCalm || !this.#random.chance(0.05)) return this.#round(at, at, false);
    this.#doubtful.push(at);
    const late = at + this.#random.between(0, 2000);
    await Promise.all([this.#round(at, at, true), this.#round(at, late, true)]);
  }

  /** Mutes as planned; and sometimes somebody acknowledges. */
  async #people(at: number): Promise<void> {
    const store = new LedgerIncidents(this.#ledger);
    const rules = rulesOf(this.#configs.at(at));
    for (const { scope, from, until } of this.#world.mutes) {
      if (from > at || from <= at - 5 * minute) continue;
      const muted = { scope, until, reason: 'works', by: 'ann', now: at };
      this.#note((await updateState(store, (state) => mute(state, muted, rules))).step.events);
    }
    if (!this.#random.chance(0.003)) return;
    const incidents = Object.values((await store.readState())?.state.incidents ?? {});
    const open = incidents.find((each) => !isOver(each));
    if (open === undefined) return;
    const change = (state: State) => acknowledge(state, open.id, { by: 'ann', now: at }, rules);
    this.#note((await updateState(store, change)).step.events);
  }

  /** One round, as of `at`, by a clock that may be a little late. */
  async #round(at: number, clock: number, isAccompanied: boolean): Promise<void> {
    let stored: State | undefined;
    const watcher = new Watcher({
      ledger: this.#ledger,
      fate: (step) => this.#fate(step, at, isAccompanied),
      replaced: (_, body) => {
        // The second time it only stores what it has recorded and told.
        if (stored !== undefined) return;
        if (this.#looks.at(-1) !== at) this.#looks.push(at);
        stored = owing(body);
        this.#note(stored.unrecorded);
      },
    });
    const config = this.#configs.at(at);
    const channelOf = (name: string) =>
      watcher.channel(name, (alert) => {
        const isIt = (each: Unsent) => each.channel === name && isDeepStrictEqual(each.alert, alert);
        const unsent = stored?.unsent.find(isIt)?.id;
        if (unsent === undefined) throw new Error(`${name} is told what no stored state holds`);
        return this.#deliver({ channel: name, unsent, alert, at: clock });
      });
    const channels = Object.keys(config.alerts.channels);
    const watch = {
      store: new LedgerIncidents(watcher.ledger, () => clock),
      checks: () => simulatedChecks(this.#world, config, at),
      channels: new Map(channels.map((name) => [name, channelOf(name)])),
      rules: rulesOf(config),
      log: silent,
      now: () => clock,
    };
    try {
      await runRound(watch, limits);
      this.#completed.push(clock);
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
    }
  }

  async #fate(step: 'ledger' | 'channel', at: number, isAccompanied: boolean): Promise<Fate> {
    if (at >= this.#world.calmFrom) return fine;
    for (let turns = isAccompanied ? this.#random.between(0, 3) : 0; turns > 0; turns -= 1) await others();
    // Most of all where it matters most: while it tells.
    const dies = this.#random.chance(step === 'ledger' ? 0.005 : 0.05);
    const fails = step === 'ledger' && this.#random.chance(0.002);
    if (!dies && !fails) return fine;
    this.#doubtful.push(at);
    return { happens: this.#random.chance(0.5), watcher: dies ? 'dies' : 'fails' };
  }

  #deliver(arrival: Arrival): Delivery {
    const faults = this.#world.channelFaults.get(arrival.channel) ?? [];
    const fault = faults.find((span) => isIn([span], arrival.at))?.fault;
    if (fault === 'unreached') return unreached;
    if (fault === 'rejected') return rejected;
    this.#arrivals.push(arrival);
    return fault === undefined ? accepted : timedOut;
  }

  #note(events: readonly IncidentEvent[]): void {
    for (const event of events) {
      const same = this.#happened.some((each) => isDeepStrictEqual(each, event));
      if (!same) this.#happened.push(event);
    }
  }
}

/** Of a stored state; empty where it owes nothing, which is most of the time. */
function owing(body: Buffer): State {
  const owesNothing = body.includes('"unrecorded": []') && body.includes('"unsent": []');
  return owesNothing ? emptyState : stateSchema.parse(JSON.parse(body.toString()));
}

const fine: Fate = { happens: true, watcher: 'goes on' };

function isOver({ resolvedAt, mitigatedAt, closedAt }: LiveIncident): boolean {
  return (resolvedAt ?? mitigatedAt ?? closedAt) !== undefined;
}
