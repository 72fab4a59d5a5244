import type { FindingStatus } from '../../lib/findings/finding.ts';
import { minute } from './incident-steps.ts';
import {
  type Hours,
  isIn,
  isWatched,
  lastLog,
  type SimulatedApp,
  type Span,
  type World,
  weekdays,
} from './simulation-world.ts';

const hour = 60 * minute;
const day = 24 * hour;

/** What is true of every subject of the state checks at a moment, by `<check> <subject>`: found without them. */
export function truth(world: World, at: number): Map<string, FindingStatus> {
  const apps = world.apps.filter((app) => isWatched(app, at));
  return new Map([
    ...apps.map((app) => [`freshness ${app.name}`, freshnessOf(world, app, at)] as const),
    ['canary canary', isIn(world.receiverDown, at) ? 'critical' : 'ok'],
    ['retention archive', isIn(world.wrongBucket, at) ? 'critical' : 'ok'],
  ]);
}

function freshnessOf(world: World, app: SimulatedApp, at: number): FindingStatus {
  if (app.hours !== undefined && !isWithin(app.hours, at)) return 'skipped';
  if (isIn(world.blind, at)) return 'unknown';
  return lastLog(world, app, at) < patienceBegan(app, at) ? 'critical' : 'ok';
}

/** So many minutes ago that an app was expected to log in; `at` is a whole minute. */
function patienceBegan({ silenceMinutes, hours }: SimulatedApp, at: number): number {
  let left = silenceMinutes;
  for (let began = at; ; began -= minute) {
    if (left === 0) return began;
    if (hours === undefined || isWithin(hours, began - minute)) left -= 1;
  }
}

/** Summer time in Berlin, 2026 (from 29 March to 25 October, 01:00 UTC each). */
const summer: Span = { from: Date.UTC(2026, 2, 29, 1), until: Date.UTC(2026, 9, 25, 1) };

function isWithin({ days, from, to }: Hours, at: number): boolean {
  const wall = new Date(at + (isIn([summer], at) ? 2 : 1) * hour);
  const isOn = (date: Date) => days.some((name) => name === weekdays[date.getUTCDay()]);
  const time = wall.getUTCHours();
  if (from < to) return isOn(wall) && from <= time && time < to;
  return (isOn(wall) && time >= from) || (isOn(new Date(wall.getTime() - day)) && time < to);
}
