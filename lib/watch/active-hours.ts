import { offsetAt, type Stretch, stretchesBetween } from '../base/zone-offsets.ts';
import type { Config } from '../config/config.ts';

/**
 * When an app is expected to log, by the clock on the wall: an instant is active when a clock in the zone shows
 * a time inside the hours of one of the days. So hours that a change of the clocks leaves out are not active,
 * hours that it repeats are active twice, and a window over midnight belongs to the day it begins on.
 */
export type ActiveHours = NonNullable<Config['apps'][number]['activeHours']>;

/** Whether an instant (milliseconds since 1970) is active; without hours every one is. */
export function isActive(hours: ActiveHours | undefined, at: number): boolean {
  if (hours === undefined) return true;
  const inWeek = modulo(at + offsetAt(hours.zone, at), weekMs);
  return weekOf(hours).windows.some(({ from, to }) => inWeek >= from && inWeek < to);
}

/** Milliseconds of active time from one instant (from 1970 on) to another. */
export function activeBetween(hours: ActiveHours | undefined, from: number, to: number): number {
  const start = Math.max(0, from);
  if (to <= start) return 0;
  if (hours === undefined) return to - start;
  const week = weekOf(hours);
  return stretchesBetween(hours.zone, start, to).reduce((sum, stretch) => sum + activeOf(week, stretch), 0);
}

/**
 * The latest instant with exactly so much active time between it and `now`; 1970 where there was not so much
 * since. Takes time by the changes of the clocks that lie between, not by the windows.
 */
export function activeSince(hours: ActiveHours | undefined, now: number, activeMs: number): number {
  if (activeMs <= 0) return now;
  if (hours === undefined) return Math.max(0, now - activeMs);
  const week = weekOf(hours);
  let missing = activeMs;
  for (let end = now; end > 0; end -= lookBackMs) {
    const stretches = stretchesBetween(hours.zone, Math.max(0, end - lookBackMs), end);
    for (const stretch of stretches.reverse()) {
      const active = activeOf(week, stretch);
      if (active >= missing) return goBack(week, stretch, missing);
      missing -= active;
    }
  }
  return 0;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const weekMs = 7 * dayMs;
const lookBackMs = 52 * weekMs;

/** 1 January 1970, where wall time begins here, was a Thursday. */
const daysFromThursday = ['thu', 'fri', 'sat', 'sun', 'mon', 'tue', 'wed'] as const;

/** The windows of a week in order, none overlapping another; and how much active time a week has. */
interface Week {
  readonly windows: readonly Window[];
  readonly activeMs: number;
}

/** In milliseconds of wall time since the week began, with the active time of the week before it. */
interface Window {
  readonly from: number;
  readonly to: number;
  readonly before: number;
}

function weekOf({ days, from, to }: ActiveHours): Week {
  const start = timeOfDay(from);
  const end = timeOfDay(to) > start ? timeOfDay(to) : timeOfDay(to) + dayMs;
  const spans = days.flatMap((day) => {
    const midnight = daysFromThursday.indexOf(day) * dayMs;
    const span = { from: midnight + start, to: midnight + end };
    if (span.to <= weekMs) return [span];
    // Into the next week, and so into the beginning of every week.
    return [
      { from: span.from, to: weekMs },
      { from: 0, to: span.to - weekMs },
    ];
  });
  let activeMs = 0;
  const windows: Window[] = [];
  for (const span of spans.toSorted((a, b) => a.from - b.from)) {
    windows.push({ ...span, before: activeMs });
    activeMs += span.to - span.from;
  }
  return { windows, activeMs };
}

function timeOfDay(text: string): number {
  const [hours, minutes] = text.split(':');
  return (Number(hours) * 60 + Number(minutes)) * minuteMs;
}

/** The active time of a stretch: within one, wall time runs evenly. */
function activeOf(week: Week, { from, to, offset }: Stretch): number {
  return activeUpTo(week, to + offset) - activeUpTo(week, from + offset);
}

/** Active wall time from the beginning of wall time up to `wall`. */
function activeUpTo({ windows, activeMs }: Week, wall: number): number {
  const inWeek = modulo(wall, weekMs);
  const begun = windows.findLast(({ from }) => from <= inWeek);
  const ofThisWeek = begun === undefined ? 0 : begun.before + Math.min(inWeek, begun.to) - begun.from;
  return Math.floor(wall / weekMs) * activeMs + ofThisWeek;
}

/** The latest instant with so much active time (more than none) between it and the end of the stretch. */
function goBack(week: Week, { to, offset }: Stretch, activeMs: number): number {
  const target = activeUpTo(week, to + offset) - activeMs;
  const ofItsWeek = modulo(target, week.activeMs);
  const window = week.windows.findLast(({ before }) => before <= ofItsWeek);
  const inWeek = window === undefined ? 0 : window.from + ofItsWeek - window.before;
  return Math.floor(target / week.activeMs) * weekMs + inWeek - offset;
}

function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor;
}
