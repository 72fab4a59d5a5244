import type { CheckResult, Finding } from '../../lib/watch/finding.ts';
import { finding, fresh, minute } from './incident-steps.ts';
import { Random } from './random.ts';

const hour = 60 * minute;
const day = 24 * hour;

export interface Span {
  readonly from: number;
  readonly until: number;
}

export interface MuteSpan extends Span {
  readonly scope: string;
}

type Fault = 'unreached' | 'timed out, arrived' | 'rejected';

/** All that happens in the simulated weeks, decided by a seed before they begin. */
export interface World extends Span {
  readonly apps: readonly SimulatedApp[];
  /** The receiver itself is down: every app is silent and the canary lost. */
  readonly receiverDown: readonly Span[];
  readonly wrongLifecycle: readonly Span[];
  /** The archive can't be listed: freshness can't look. */
  readonly blind: readonly Span[];
  readonly mutes: readonly MuteSpan[];
  readonly channelFaults: ReadonlyMap<string, readonly (Span & { readonly fault: Fault })[]>;
  /** The last day is calm, so that all that is owed can be told. */
  readonly calmFrom: number;
}

interface SimulatedApp {
  readonly name: string;
  /** While it sends nothing. */
  readonly silent: readonly Span[];
  /** Between two logs, when it sends. */
  readonly everyMs: number;
  /** Wall clock hours in Berlin; undefined: always. */
  readonly hours?: readonly [from: number, to: number];
  readonly removedAt?: number;
}

export function simulatedWorld(seed: number, from: number, days: number, count: number): World {
  const random = new Random(seed);
  const until = from + days * day;
  const calmFrom = until - 2 * day;
  const span = (least: number, most: number): Span => {
    const begin = from + Math.floor(random.next() * (calmFrom - from - most));
    return { from: begin, until: begin + least + Math.floor(random.next() * (most - least)) };
  };
  const spans = (much: number, least: number, most: number) =>
    Array.from({ length: much }, () => span(least, most));
  // Forty at once, though the receiver is well.
  const shared = spans(2, 20 * minute, 5 * hour);
  const apps = Array.from({ length: count }, (_, index): SimulatedApp => {
    const flapping = random.chance(0.3) ? flaps(random, span(3 * hour, 8 * hour)) : [];
    const silent = [...spans(random.between(0, 4), 5 * minute, 12 * hour), ...flapping, ...shared];
    return {
      name: `app-${String(index).padStart(2, '0')}`,
      silent,
      everyMs: random.chance(0.2) ? 13 * minute : minute,
      ...(random.chance(0.3) ? { hours: random.chance(0.5) ? [8, 18] : [22, 6] } : {}),
      // Not seldom while it is silent.
      ...(random.chance(0.15)
        ? { removedAt: (silent[0]?.from ?? from + day) + random.between(10, 60) * minute }
        : {}),
    };
  });
  const faulty = (much: number) =>
    spans(much, 5 * minute, 8 * hour).map((each) => ({
      ...each,
      fault: (['unreached', 'timed out, arrived', 'rejected'] as const)[random.between(0, 2)] ?? 'rejected',
    }));
  const scopes = ['all', 'check:freshness', 'app:app-00', 'app:app-01', 'check:canary'];
  return {
    from,
    until,
    calmFrom,
    apps,
    receiverDown: spans(3, 10 * minute, 4 * hour),
    wrongLifecycle: spans(3, 5 * minute, 9 * hour),
    blind: spans(3, 5 * minute, 3 * hour),
    mutes: scopes.map((scope) => ({ scope, ...span(hour, 8 * hour) })),
    channelFaults: new Map([
      ['page', faulty(12)],
      ['backup', faulty(4)],
    ]),
  };
}

/** Silent and back, every few minutes. */
function flaps(random: Random, { from, until }: Span): Span[] {
  const silent: Span[] = [];
  for (let at = from; at < until; at += random.between(20, 75) * minute) {
    silent.push({ from: at, until: at + random.between(10, 40) * minute });
  }
  return silent;
}

export function isIn(spans: readonly Span[], at: number): boolean {
  return spans.some(({ from, until }) => from <= at && at < until);
}

/** What every check finds at a moment: the truth, and so the same for whoever looks. */
export function look(world: World, at: number): CheckResult[] {
  const down = isIn(world.receiverDown, at);
  const freshness = world.apps.flatMap((app) => freshnessOf(world, app, at));
  const blind = isIn(world.blind, at);
  return [
    blind ? { check: 'freshness', failure: 'listing failed' } : { check: 'freshness', findings: freshness },
    { check: 'canary', findings: [finding('canary', 'canary', down ? 'critical' : 'ok')] },
    {
      check: 'retention',
      findings: [finding('retention', 'archive', isIn(world.wrongLifecycle, at) ? 'critical' : 'ok')],
    },
  ];
}

const thresholdMs = 15 * minute;

function freshnessOf(world: World, app: SimulatedApp, at: number): Finding[] {
  if (app.removedAt !== undefined && at >= app.removedAt) return [];
  if (app.hours !== undefined && !isWithin(app.hours, at)) return [fresh(app.name, 'skipped')];
  const last = lastLog(world, app, at);
  return [fresh(app.name, at - last > thresholdMs ? 'critical' : 'ok', { since: last })];
}

function lastLog(world: World, { silent, everyMs }: SimulatedApp, at: number): number {
  const quiet = [...silent, ...world.receiverDown];
  let log = at - (at % everyMs);
  for (;;) {
    const during = quiet.filter(({ from, until }) => from <= log && log < until);
    if (during.length === 0) return log;
    const earliest = Math.min(...during.map(({ from }) => from));
    log = earliest - 1 - ((earliest - 1) % everyMs);
  }
}

/** Summer time in Berlin, 2026 (from 29 March to 25 October, 01:00 UTC each). */
const summer: Span = { from: Date.UTC(2026, 2, 29, 1), until: Date.UTC(2026, 9, 25, 1) };

function isWithin([from, to]: readonly [number, number], at: number): boolean {
  const local = new Date(at + (isIn([summer], at) ? 2 : 1) * hour).getUTCHours();
  return from < to ? from <= local && local < to : from <= local || local < to;
}
