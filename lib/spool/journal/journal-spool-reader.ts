import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../../archive/store/store.ts';
import { codeOf, isRefusedByFileSystem } from '../../base/errors.ts';
import { entryBytes, maxHeadBytes, parseEntryHead } from '../segment-entry.ts';
import type { SpoolReader, SpoolStatus } from '../spool.ts';
import { FileWindow } from './read-window.ts';
import { openSuffix, parseSegmentName, type SegmentName } from './segment.ts';
import { nextMark } from './walk-segment.ts';

/** A member that waits in a journal. */
export interface WaitingMember {
  readonly segment: string;
  readonly key: string;
  /** Of the member. */
  readonly bytes: number;
  /** When its segment was begun, in milliseconds since 1970. */
  readonly at: number;
}

/** Looks at the spool of a data directory (`<data>/spool`) and changes nothing, also beside a `serve` at work. */
export class DirectorySpoolReader implements SpoolReader {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** A journal gives nothing up, and does not say what its archiver has in hand: all that is there waits. */
  async status(): Promise<SpoolStatus> {
    let waiting = 0;
    let oldest = Number.POSITIVE_INFINITY;
    for await (const { at } of this.entries()) {
      waiting += 1;
      oldest = Math.min(oldest, at);
    }
    return {
      waiting,
      underWay: 0,
      ...(waiting === 0 ? {} : { oldestMs: Math.max(0, Date.now() - oldest) }),
    };
  }

  /** Oldest segment first. What is there is counted, not checked. */
  async *entries(): AsyncGenerator<WaitingMember> {
    for (const segment of await segmentsIn(this.#directory)) {
      const file = await openSegment(this.#directory, segment);
      if (file === undefined) continue;
      try {
        yield* headsOf(file, segment);
      } finally {
        await file.close();
      }
    }
  }
}

/** The segments in a directory, oldest first; none where there is no such directory. Throws `StoreError`. */
export async function segmentsIn(directory: string): Promise<SegmentName[]> {
  try {
    const names = (await readdir(directory)).flatMap((file) => parseSegmentName(file) ?? []);
    return names.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw isRefusedByFileSystem(error) ? refusal(directory, error) : error;
  }
}

function refusal(directory: string, cause: unknown): StoreError {
  const code = codeOf(cause);
  const why =
    code === 'ENOTDIR'
      ? 'it is no directory: move it away, and `cistern serve` makes one'
      : `${code}: run as its owner, or give it back to whoever runs \`cistern serve\``;
  return new StoreError('refused', `the spool ${directory} can't be read (${why})`, { cause });
}

/** Undefined when it is archived and gone; that it was closed since it was listed makes no difference. */
async function openSegment(directory: string, { name, open }: SegmentName): Promise<FileWindow | undefined> {
  const path = join(directory, name);
  const opened = open ? await FileWindow.open(path + openSuffix) : undefined;
  return opened ?? FileWindow.open(path);
}

async function* headsOf(file: FileWindow, { name, begunAt }: SegmentName): AsyncGenerator<WaitingMember> {
  for (let offset = 0; offset < file.size; ) {
    const head = parseEntryHead(await file.at(offset, maxHeadBytes));
    if (head === undefined) {
      offset = (await nextMark(file, offset)) ?? file.size;
      continue;
    }
    offset += entryBytes(head);
    if (offset <= file.size) yield { segment: name, key: head.key, bytes: head.bytes, at: begunAt };
  }
}
