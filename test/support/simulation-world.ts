import type { AppName } from '../../lib/drains/app-name.ts';
import { appName, minute } from './incident-steps.ts';
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

const weaknesses = ['expires sooner', 'versioning suspended', 'open to the public'] as const;

export type Weakness = (typeof weaknesses)[number];

type Fault = 'unreached' | 'timed out, arrived' | 'rejected';

/** All that happens in the simulated weeks, decided by a seed before they begin. */
export interface World extends Span {
  readonly apps: readonly SimulatedApp[];
  /** The receiver itself is down: every app is silent and the canary lost. */
  readonly receiverDown: readonly Span[];
  /** The archive's bucket is weaker than it should be. */
  readonly wrongBucket: readonly (Span & { readonly weakness: Weakness })[];
  /** Messages that Heroku declares lost, in order of time. */
  readonly losses: readonly Loss[];
  /** The archive can't be listed: freshness can't look. */
  readonly blind: readonly Span[];
  readonly mutes: readonly MuteSpan[];
  readonly channelFaults: ReadonlyMap<string, readonly (Span & { readonly fault: Fault })[]>;
  /** The last day is calm, so that all that is owed can be told. */
  readonly calmFrom: number;
}

export interface Loss {
  readonly app: AppName;
  readonly count: number;
  readonly at: number;
  /** When counters show it. */
  readonly visibleAt: number;
}

export interface SimulatedApp {
  readonly name: AppName;
  readonly silenceMinutes: number;
  /** While it sends nothing. */
  readonly silent: readonly Span[];
  /** Between two logs, when it sends. */
  readonly everyMs: number;
  /** Of its first log in a minute: a run and another one right after it see the same. */
  readonly phaseMs: number;
  /** Wall clock hours in Berlin; undefined: always. */
  readonly hours?: Hours;
  readonly removedAt?: number;
}

export interface Hours {
  readonly days: readonly (typeof weekdays)[number][];
  /** The window may reach over midnight. */
  readonly from: number;
  readonly to: number;
}

export const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

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
    const slowing = random.chance(0.4) ? slowDown(random, span(3 * hour, 12 * hour)) : [];
    const often = spans(random.between(0, 4), 5 * minute, 12 * hour);
    const silent = [...often, ...flapping, ...slowing, ...shared];
    return {
      name: appName(`app-${String(index).padStart(2, '0')}`),
      silenceMinutes: random.chance(0.8) ? 15 : 45,
      silent,
      everyMs: random.chance(0.2) ? 13 * minute : minute,
      phaseMs: random.between(5_000, 55_000),
      ...(random.chance(0.3) ? { hours: hoursOf(random) } : {}),
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
    wrongBucket: spans(3, 5 * minute, 9 * hour).map((each, index) => ({
      ...each,
      weakness: weaknesses[(seed + index) % weaknesses.length] ?? 'expires sooner',
    })),
    losses: apps
      .slice(0, 8)
      .flatMap(({ name }) =>
        spans(random.between(0, 3), minute, 3 * hour).flatMap((each) => lossesIn(random, name, each)),
      )
      .sort((a, b) => a.at - b.at),
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

/** Slower and slower, until what it sends is too seldom. */
function slowDown(random: Random, { from, until }: Span): Span[] {
  const silent: Span[] = [];
  for (let at = from, every = 2 * minute; at + every <= until; at += every) {
    silent.push({ from: at + minute, until: at + every });
    every = Math.min(every + random.between(0, 2) * minute, 25 * minute);
  }
  return silent;
}

function hoursOf(random: Random): Hours {
  const days = random.chance(0.5) ? weekdays : (['mon', 'tue', 'wed', 'thu', 'fri'] as const);
  return { days, ...(random.chance(0.5) ? { from: 8, to: 18 } : { from: 22, to: 6 }) };
}

/** Half a minute away from every run, and half an hour from one another at most; counters may be late. */
function lossesIn(random: Random, app: AppName, { from, until }: Span): Loss[] {
  const losses: Loss[] = [];
  for (let at = from - (from % minute); at < until; at += random.between(1, 30) * minute) {
    const lateness = random.chance(0.3) ? random.between(1, 10) * minute : 0;
    const lostAt = at + minute / 2;
    losses.push({ app, count: random.between(1, 1_200), at: lostAt, visibleAt: lostAt + lateness });
  }
  return losses;
}

export function isIn(spans: readonly Span[], at: number): boolean {
  return spans.some(({ from, until }) => from <= at && at < until);
}

/** The last log of an app up to `at`, which is in the archive under that instant. */
export function lastLog(world: World, app: SimulatedApp, at: number): number {
  const before = (instant: number) => instant - modulo(instant - app.phaseMs, app.everyMs);
  for (let log = before(at); ; ) {
    const quiet = quietAt(world, app, log);
    if (quiet.length === 0) return log;
    log = before(Math.min(...quiet.map(({ from }) => from)) - 1);
  }
}

/** The first log of an app from `at` on. */
export function nextLog(world: World, app: SimulatedApp, at: number): number {
  const after = (instant: number) => instant + modulo(app.phaseMs - instant, app.everyMs);
  for (let log = after(at); ; ) {
    const quiet = quietAt(world, app, log);
    if (quiet.length === 0) return log;
    log = after(Math.max(...quiet.map(({ until }) => until)));
  }
}

function quietAt({ receiverDown }: World, { silent }: SimulatedApp, at: number): Span[] {
  return [...silent, ...receiverDown].filter((span) => isIn([span], at));
}

export function isWatched({ removedAt = Number.POSITIVE_INFINITY }: SimulatedApp, at: number): boolean {
  return at < removedAt;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
