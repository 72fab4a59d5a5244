import { keysFrom, parseKey } from '../archive/key.ts';
import type { ArchiveReader } from '../archive/store.ts';
import type { AppName } from '../drains/app-name.ts';
import type { Window } from './recurrence.ts';

export interface ArchivedHour {
  /** Its start, milliseconds since 1970. */
  readonly at: number;
  readonly objects: number;
  /** As stored, compressed. */
  readonly bytes: number;
  /** Of messages, where somebody counted them. */
  readonly messages?: number;
}

export const hourMs: number = 60 * 60 * 1000;

/**
 * What the archive holds of an app, by the hour: what a postmortem says of an incident's impact. Counts objects by
 * their keys, which a list alone can do: no object is read.
 */
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
    for await (const { key, size } of this.#archive.list(`logs/${app}/`, keysFrom(app, first))) {
      const epochMs = parseKey(key)?.epochMs;
      if (epochMs === undefined) continue;
      const hour = hours.get(Math.floor(epochMs / hourMs) * hourMs);
      if (hour === undefined) break;
      hour.objects += 1;
      hour.bytes += size;
    }
    return [...hours].map(([at, counted]) => ({ at, ...counted }));
  }
}
