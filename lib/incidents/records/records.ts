import { sideBySide } from '../../base/limited-concurrency.ts';
import type { IncidentId } from '../incident.ts';
import type { IncidentStore } from '../store/incident-store.ts';
import { foldTimeline, type Incident } from './record.ts';

const readAtOnce = 4;

export interface RecordRange {
  /** Incidents opened in this minute or later, milliseconds since 1970. */
  readonly since?: number;
  /** Incidents opened before this minute ends. */
  readonly until?: number;
}

export interface Records {
  /** By id, which is by the minute at which each was opened. */
  readonly records: readonly Incident[];
  /** What could not be understood, while the rest goes on. */
  readonly unreadable: readonly UnreadableRecord[];
}

export interface UnreadableRecord {
  readonly id: IncidentId;
  /** Keys of events; none where the event that opens it is missing altogether. */
  readonly keys: readonly string[];
}

/** Reads every incident of a range. Rejects when the store fails, rather than pass a part for the whole. */
export async function readRecords(
  store: IncidentStore,
  { since, until }: RecordRange = {},
): Promise<Records> {
  const ids: IncidentId[] = [];
  const end = until === undefined ? undefined : minuteOf(until);
  for await (const id of store.ids(since === undefined ? 'inc_' : minuteOf(since))) {
    if (end !== undefined && id.slice(0, end.length) > end) break;
    ids.push(id);
  }
  const read = await sideBySide(ids, readAtOnce, (id) => readRecord(store, id));
  return {
    records: read.flatMap(({ record }) => record ?? []),
    unreadable: read.flatMap(({ unreadable }) => unreadable ?? []),
  };
}

/** One incident; neither where there is none of that id. */
export async function readRecord(
  store: IncidentStore,
  id: IncidentId,
): Promise<{ readonly record?: Incident; readonly unreadable?: UnreadableRecord }> {
  const { events, unreadable: keys } = await store.timeline(id);
  const record = foldTimeline(events);
  const damaged = keys.length > 0 || (record === undefined && events.length > 0);
  return {
    ...(record === undefined ? {} : { record }),
    ...(damaged ? { unreadable: { id, keys } } : {}),
  };
}

/** How the id of an incident begins that was opened then. */
function minuteOf(at: number): string {
  const time = new Date(at).toISOString();
  return `inc_${time.slice(0, 10).replaceAll('-', '')}_${time.slice(11, 16).replace(':', '')}`;
}
