import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import { StoreError } from '../../archive/store/store.ts';
import { codeOf, isRefusedByFileSystem, messageOf } from '../../base/errors.ts';
import { DurableDirectories } from '../../disk/durable-directories.ts';
import { formatEntryHead, maxEntryMemberBytes } from '../segment-entry.ts';
import type { SpooledMember, SpoolWriter } from '../spool.ts';
import { type JournalFile, type JournalFiles, nodeJournalFiles } from './journal-files.ts';
import { openSuffix, segmentName } from './segment.ts';

export interface JournalOptions {
  /** `<data>/spool`. */
  readonly directory: string;
  /** How long a segment is written, from its first entry on. */
  readonly windowMs: number;
  /** A segment is closed: its archiver may have it. */
  readonly onClosed?: () => void;
  readonly files?: JournalFiles;
  readonly maxSegmentBytes?: number;
}

/** An archiver plans a segment in memory. */
const maxSegmentEntries = 20_000;
/** Written with one call: beyond it, what waits is for the next. */
const maxGroupBytes = 16 * 1024 * 1024;
/** How often a group is written anew because another process took its segment over. */
const takeOversBorne = 3;
const privateFile = 0o600;
const newline = Buffer.from('\n');

interface Waiting {
  readonly spooled: SpooledMember;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

interface OpenSegment {
  readonly file: JournalFile;
  /** Its name once it is closed. */
  readonly path: string;
  readonly timer: NodeJS.Timeout;
  /** Of what was acknowledged. */
  bytes: number;
  entries: number;
}

/**
 * The spool as files of a directory: segments, to which entries are appended. All members that wait at the same
 * time become durable by one write and one fsync.
 *
 * Invariants: nothing is added to a segment after a write or an fsync of it failed, so an acknowledged entry never
 * stands behind half a one. A segment that is written has the suffix `.open`; whoever takes it away from its
 * writer, or closes it, renames it first and reads it then. A writer acknowledges only what it finds under the
 * open name after its fsync. So what was acknowledged was there before the rename, and is read.
 */
export class DirectoryJournal implements SpoolWriter {
  readonly maxMemberBytes = maxEntryMemberBytes;
  readonly releasable = true;
  readonly #options: Required<JournalOptions>;
  readonly #directories: DurableDirectories;
  #waiting: Waiting[] = [];
  /** Resolves when nothing waits; undefined while that is so. */
  #running: Promise<void> | undefined;
  #segment: OpenSegment | undefined;
  /** When the last segment was begun, in milliseconds since 1970. */
  #begunAt = 0;
  #rotationDue = false;
  #closing = false;

  constructor(options: JournalOptions) {
    this.#options = {
      onClosed: () => undefined,
      files: nodeJournalFiles,
      maxSegmentBytes: 64 * 1024 * 1024,
      ...options,
      directory: resolve(options.directory),
    };
    this.#directories = new DurableDirectories(this.#options.directory, this.#options.files);
  }

  put(spooled: SpooledMember, signal: AbortSignal): Promise<void> {
    if (this.#closing) return Promise.reject(new StoreError('unavailable', 'the spool is closed'));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ spooled, signal, resolve, reject });
      this.#run();
    });
  }

  /** Closes the segment that is being written, so that it can be archived. Resolves when that is done. */
  async rotate(): Promise<void> {
    this.#rotationDue = true;
    this.#run();
    await this.#running;
  }

  /** Writes what waits, and takes nothing more. */
  async close(): Promise<void> {
    this.#closing = true;
    await this.rotate();
  }

  #run(): void {
    this.#running ??= this.#work();
  }

  /** Never rejects: a failure is told to those who wait. */
  async #work(): Promise<void> {
    // What arrives in the same turn of the event loop goes into the first group, too.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0 || this.#rotationDue) {
      await this.#commit(this.#takeGroup());
      if (this.#isFull() || this.#closing) this.#rotationDue = true;
      if (this.#rotationDue) await this.#closeSegment();
    }
    // At once, not when this has settled: whatever came between would wait for somebody else to come.
    this.#running = undefined;
  }

  #takeGroup(): Waiting[] {
    let bytes = 0;
    const after = this.#waiting.findIndex(({ spooled }) => {
      const before = bytes;
      bytes += spooled.member.length;
      return before > 0 && bytes > maxGroupBytes;
    });
    const group = this.#waiting.splice(0, after < 0 ? this.#waiting.length : after);
    return group.filter((each) => this.#isWanted(each));
  }

  #isWanted({ signal, spooled, reject }: Waiting): boolean {
    const why = signal.aborted
      ? new StoreError('unavailable', 'gave up before writing')
      : spooled.member.length > maxEntryMemberBytes
        ? new StoreError('refused', `a member of ${spooled.member.length} bytes is too large for the spool`)
        : undefined;
    if (why !== undefined) reject(why);
    return why === undefined;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    if (group.length === 0) return;
    try {
      await this.#writeWhereItStays(group);
      for (const { resolve } of group) resolve();
    } catch (error) {
      await this.#abandonSegment();
      const failure = journalError(error);
      for (const { reject } of group) reject(failure);
    }
  }

  async #writeWhereItStays(group: readonly Waiting[]): Promise<void> {
    for (let tries = 1; tries <= takeOversBorne; tries += 1) {
      this.#segment ??= await this.#begin();
      const segment = this.#segment;
      const parts = partsOf(group, segment.bytes);
      const bytes = parts.reduce((sum, part) => sum + part.length, 0);
      const written = await segment.file.append(parts);
      if (written !== bytes) {
        throw new StoreError(
          'unavailable',
          `only ${written} of ${bytes} bytes could be spooled: is the disk full?`,
        );
      }
      await segment.file.sync();
      if (segment.file.isInPlace()) {
        segment.bytes += bytes;
        segment.entries += group.length;
        return;
      }
      await this.#letGo(segment);
    }
    throw new StoreError('unavailable', 'other processes take every segment away');
  }

  async #begin(): Promise<OpenSegment> {
    const { files, directory, windowMs } = this.#options;
    // Two of one millisecond would sort by chance.
    this.#begunAt = Math.max(Date.now(), this.#begunAt + 1);
    const path = join(directory, segmentName(this.#begunAt, randomBytes(8)));
    const file = await this.#create(path + openSuffix);
    try {
      await files.syncDirectory(directory);
    } catch (error) {
      await closeQuietly(file);
      await this.#discard(path);
      throw error;
    }
    const timer = setTimeout(() => void this.rotate(), windowMs).unref();
    return { file, path, timer, bytes: 0, entries: 0 };
  }

  async #create(path: string): Promise<JournalFile> {
    const { files, directory } = this.#options;
    try {
      await this.#directories.ensure(directory);
      return await files.create(path, privateFile);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      // Somebody removed it.
      this.#directories.forget();
    }
    await this.#directories.ensure(directory);
    return files.create(path, privateFile);
  }

  #isFull(): boolean {
    const { bytes = 0, entries = 0 } = this.#segment ?? {};
    return bytes >= this.#options.maxSegmentBytes || entries >= maxSegmentEntries;
  }

  async #closeSegment(): Promise<void> {
    this.#rotationDue = false;
    const segment = this.#segment;
    if (segment === undefined) return;
    await this.#letGo(segment);
    // One that can't be renamed is taken over by the archiver when its time is over.
    await this.#options.files.rename(segment.path + openSuffix, segment.path).catch(() => undefined);
    try {
      this.#options.onClosed();
    } catch {
      // Who hears of it, and how that went, holds up no batch: the archiver looks by itself, too.
    }
  }

  /** What was acknowledged in it is archived; what was not may end in half an entry. */
  async #abandonSegment(): Promise<void> {
    const segment = this.#segment;
    if (segment === undefined) return;
    if (segment.entries > 0) return this.#closeSegment();
    await this.#letGo(segment);
    await this.#discard(segment.path);
  }

  /** Of a segment that holds nothing acknowledged. One that stays is archived some day: what is in it was sent. */
  async #discard(path: string): Promise<void> {
    await this.#options.files.unlink(path + openSuffix).catch(() => undefined);
  }

  async #letGo(segment: OpenSegment): Promise<void> {
    this.#segment = undefined;
    clearTimeout(segment.timer);
    await closeQuietly(segment.file);
  }
}

/** What was acknowledged is durable without it. */
async function closeQuietly(file: JournalFile): Promise<void> {
  await file.close().catch(() => undefined);
}

/** `start`: where the group begins in its segment. All before it is durable: that was acknowledged. */
function partsOf(group: readonly Waiting[], start: number): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (const { spooled } of group) {
    const head = formatEntryHead(spooled, start);
    // The newline that ends the entry before goes along: half the pieces to write.
    parts.push(Buffer.from(parts.length === 0 ? head : `\n${head}`, 'latin1'), spooled.member);
  }
  parts.push(newline);
  return parts;
}

function journalError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const why = messageOf(error);
  const code = isRefusedByFileSystem(error) ? 'refused' : 'unavailable';
  return new StoreError(code, `the spool's directory failed: ${why}`, { cause: error });
}
