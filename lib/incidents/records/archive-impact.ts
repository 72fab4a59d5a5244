import { appPrefix, keysFrom, parseKey } from '../../archive/format/key.ts';
import { readObjects } from '../../archive/read/read-objects.ts';
import type { ArchiveReader } from '../../archive/store/store.ts';
import type { AppName } from '../../drains/app-name.ts';
import type { Window } from './recurrence.ts';

export interface ArchivedHour {
  /** Its start, milliseconds since 1970. */
  readonly at: number;
  readonly objects: number;
  /** As stored, compressed. */
  readonly bytes: number;
  /** What the batch headers say, where they could be read. */
  readonly counted?: { readonly messages: number; readonly lost: number };
}

export const hourMs: number = 60 * 60 * 1000;

/** Objects beyond which only keys are counted: to read each would take minutes, and cost. */
const maxRead = 2_000;

/** What the archive holds of an app, by the hour: what a postmortem says of an incident's impact. */
export class ArchiveImpact {
  readonly #archive: ArchiveReader;

  constructor(archive: ArchiveReader) {
    this.#archive = archive;
  }

  /** Every hour that touches the window, those with nothing too. */
  async hours(app: AppName, { from, to }: Window): Promise<readonly ArchivedHour[]> {
    const first = Math.floor(from / hourMs) * hourMs;
    const hours = new Map<number, { objects: number; bytes: number }>();
    for (let at = first; at < to; at += hourMs) hours.set(at, { objects: 0, bytes: 0 });
    let objects = 0;
    for await (const { key, size } of this.#archive.list(appPrefix(app), keysFrom(app, first))) {
      const epochMs = parseKey(key)?.epochMs;
      if (epochMs === undefined) continue;
      const hour = hours.get(hourOf(epochMs));
      if (hour === undefined) break;
      hour.objects += 1;
      hour.bytes += size;
      objects += 1;
    }
    const counted = objects > maxRead ? undefined : await this.#count(app, [...hours.keys()]);
    return [...hours].map(([at, hour]) => {
      const read = counted?.get(at);
      return { at, ...hour, ...(read === undefined ? {} : { counted: read }) };
    });
  }

  /** By the hour of their objects. Undefined where one can't be read: a part would pass for the whole. */
  async #count(
    app: AppName,
    hours: readonly number[],
  ): Promise<ReadonlyMap<number, { messages: number; lost: number }> | undefined> {
    const counted = new Map(hours.map((at) => [at, { messages: 0, lost: 0 }]));
    const range = { since: hours[0] ?? 0, until: (hours.at(-1) ?? 0) + hourMs };
    for await (const item of readObjects(this.#archive, app, range)) {
      if (item.kind === 'problem') {
        if (item.problem === 'foreign') continue;
        return undefined;
      }
      const hour = counted.get(hourOf(item.epochMs));
      if (hour === undefined) continue;
      for (const { header } of item.members) {
        hour.messages += header.found;
        for (const lost of Object.values(header.losses ?? {})) hour.lost += lost;
      }
    }
    return counted;
  }
}

function hourOf(epochMs: number): number {
  return Math.floor(epochMs / hourMs) * hourMs;
}
