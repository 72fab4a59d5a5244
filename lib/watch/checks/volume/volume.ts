import { describeError } from '../../../base/errors.ts';
import { offsetAt } from '../../../base/zone-offsets.ts';
import type { AppName } from '../../../drains/app-name.ts';
import type { Check, Finding, Look } from '../../../findings/finding.ts';
import type { CountersReader } from '../../../metrics/counters-reader.ts';
import { type ActiveHours, activeBetween, isActive } from '../../active-hours.ts';

/** An app of the configuration, as far as how much it sends is concerned. */
export interface VolumeApp {
  readonly name: AppName;
  readonly activeHours?: ActiveHours;
}

export interface VolumeSettings {
  readonly apps: readonly VolumeApp[];
  readonly counters: CountersReader;
}

/**
 * Whether each app sent as much in the last full hour as it usually does. Due once an hour; one query for all.
 *
 * Usual is the median of the same hour of the same weekday in the four weeks before, and not of all 28 days:
 * most apps do far less at the weekend, and would be suspected every Saturday and Sunday, hour after hour. Of
 * four values the median is not moved by one odd week. Three are needed, so a new app is judged after three
 * weeks. An app with active hours keeps its hour of the day when the clocks change.
 */
export function volumeCheck({ apps, counters }: VolumeSettings): Check {
  return {
    name: 'volume',
    async look(look) {
      const hour = Math.floor((look.now - settleMs) / hourMs) * hourMs - hourMs;
      const judged = (app: VolumeApp) => look.remembered(app.name)?.['judgedHour'] === hour;
      if (apps.length > 0 && apps.every(judged)) return undefined;
      try {
        const histories = await readHistories(apps, counters, hour, look);
        // An hour counts once: an app that was judged already only keeps its place.
        return apps.map((app, index) =>
          judged(app)
            ? skipped(app, hour, 'The last full hour was judged before')
            : judge(app, hour, histories[index] ?? new Map(), look.now),
        );
      } catch (error) {
        return apps.map((app) => unknown(app, error));
      }
    },
  };
}

const hourMs = 60 * 60 * 1000;
const weekMs = 7 * 24 * hourMs;
const weeks = 4;
const leastWeeks = 3;
/** What is counted shows up in the counters within minutes. */
const settleMs = 5 * 60 * 1000;
/** Of the usual messages: less than that is a warning. */
const leastShare = 0.2;
/** Where an hour has fewer messages than this, a fifth of them is soon missed by chance. */
const leastUsual = 100;

type History = ReadonlyMap<number, number>;

function readHistories(
  apps: readonly VolumeApp[],
  counters: CountersReader,
  hour: number,
  { signal }: Look,
): Promise<readonly History[]> {
  const queries = apps.map(({ name }) => ({ counter: 'messages' as const, app: name }));
  // An hour more, since the clocks may have changed meanwhile.
  const range = { from: hour - weeks * weekMs - hourMs, to: hour + hourMs, periodSeconds: 3600 as const };
  return counters.sums(queries, range, signal);
}

function judge(app: VolumeApp, hour: number, history: History, now: number): Finding {
  const counted = activeBetween(app.activeHours, hour, hour + hourMs) > 0;
  // When the hours are over nobody wants to hear of their last one either.
  if (!counted || !isActive(app.activeHours, now)) {
    return skipped(app, hour, `It is, or the last full hour was, outside the active hours of ${app.name}`);
  }
  const sameHours = sameHoursBefore(app, hour, history);
  if (sameHours.length < leastWeeks) {
    return skipped(app, hour, `${app.name} has not been counted for ${leastWeeks} weeks yet`);
  }
  const usual = median(sameHours);
  if (usual < leastUsual) {
    return skipped(app, hour, `${app.name} usually sends fewer than ${leastUsual} messages in that hour`);
  }
  return compare(app, hour, { messages: history.get(hour) ?? 0, usual, weeks: sameHours.length });
}

function compare(
  app: VolumeApp,
  hour: number,
  { messages, usual, weeks }: { readonly messages: number; readonly usual: number; readonly weeks: number },
): Finding {
  const few = messages < leastShare * usual;
  const percent = Math.floor((100 * messages) / usual);
  const span = `from ${clock(hour)} to ${clock(hour + hourMs)} UTC`;
  return {
    ...about(app),
    status: few ? 'warning' : 'ok',
    summary: `${app.name} sent ${messages} messages ${span}, ${percent} % of the usual ${Math.round(usual)}`,
    evidence: { hour: new Date(hour).toISOString(), messages, usual, weeks },
    remedy: few
      ? `See what is missing: \`cistern cat ${app.name} --since 2h\`. A process may have stopped, a log level may have changed, or a second drain took over`
      : '',
    ...(few ? { since: hour } : {}),
    memory: { judgedHour: hour },
  };
}

/** The messages of the same hour of the same weekday, one value a week, as far back as the app was counted. */
function sameHoursBefore({ activeHours }: VolumeApp, hour: number, history: History): number[] {
  const firstCounted = Math.min(...history.keys());
  return Array.from({ length: weeks }, (_, index) => {
    const before = hour - (index + 1) * weekMs;
    if (activeHours === undefined) return before;
    const changed = offsetAt(activeHours.zone, hour) - offsetAt(activeHours.zone, before);
    return Math.floor((before + changed) / hourMs) * hourMs;
  })
    .filter((before) => before >= firstCounted)
    .map((before) => history.get(before) ?? 0);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function skipped(app: VolumeApp, hour: number, summary: string): Finding {
  return {
    ...about(app),
    status: 'skipped',
    summary,
    evidence: {},
    remedy: '',
    memory: { judgedHour: hour },
  };
}

/** Remembers nothing: the next run tries the same hour again. */
function unknown(app: VolumeApp, error: unknown): Finding {
  const why = error instanceof Error ? describeError(error) : String(error);
  return {
    ...about(app),
    status: 'unknown',
    summary: `Could not read how much ${app.name} sent: ${why}`,
    evidence: {},
    remedy: 'See whether the watch may read the counters',
  };
}

function about({ name }: VolumeApp): Pick<Finding, 'check' | 'subject' | 'app'> {
  return { check: 'volume', subject: name, app: name };
}

function clock(at: number): string {
  return new Date(at).toISOString().slice(11, 16);
}
