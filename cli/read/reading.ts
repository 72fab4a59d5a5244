import { once } from 'node:events';
import { appPrefix, parseKey } from '../../lib/archive/format/key.ts';
import type { Problem } from '../../lib/archive/read/read-objects.ts';
import type { ArchiveReader } from '../../lib/archive/store/store.ts';
import { type AppName, parseAppName } from '../../lib/drains/app-name.ts';
import { CliError, exitCodes } from '../shared/errors.ts';
import { warn } from '../shared/output.ts';
import { visible } from '../shared/visible.ts';

/** An app whose log is read: reserved names too, since batches are stored under them. Throws {@link CliError}. */
export function storedAppArgument(text: string): AppName {
  const app = parseAppName(text);
  if (app !== undefined) return app;
  throw new CliError(
    `'${text}' can't be an app: 3 to 30 of a-z, 0-9 and -, from a letter to a letter or digit.`,
  );
}

const flushBytes = 64 * 1024;

/** Much data on stdout: in large writes, and no faster than its reader takes them. */
export class DataOutput {
  readonly #chunks: (Buffer | string)[] = [];
  #length = 0;

  /** True when it is time to {@link flush}. */
  add(chunk: Buffer | string): boolean {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    return this.#length >= flushBytes;
  }

  async flush(): Promise<void> {
    const chunks = this.#chunks.splice(0);
    this.#length = 0;
    const bytes = Buffer.concat(
      chunks.map((chunk) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)),
    );
    if (bytes.length > 0 && !process.stdout.write(bytes)) await once(process.stdout, 'drain');
  }
}

const maxWarnings = 20;

/** Tells of the problems met while reading, as they come, and sums them up at the end. */
export class ProblemReport {
  #told = 0;
  #lossy = 0;

  add({ key, problem, why }: Problem): void {
    if (problem !== 'foreign') this.#lossy += 1;
    this.#told += 1;
    if (this.#told <= maxWarnings) warn(visible(Buffer.from(`${key}: ${why}`), ' '));
  }

  /** The command fails where messages can be missing from what it printed. */
  finish(): void {
    if (this.#told > maxWarnings) warn(`and ${this.#told - maxWarnings} more like these`);
    if (this.#lossy === 0) return;
    process.exitCode = exitCodes.failed;
    warn(`incomplete: ${this.#lossy} damaged or unreadable parts; what could be read is printed`);
  }
}

/** The time of the app's oldest key, in milliseconds since 1970; undefined where nothing is stored. */
export async function firstKey(archive: ArchiveReader, app: AppName): Promise<number | undefined> {
  for await (const { key } of archive.list(appPrefix(app), '')) {
    const epochMs = parseKey(key)?.epochMs;
    if (epochMs !== undefined) return epochMs;
  }
  return undefined;
}

/** RFC 3339 in UTC, with milliseconds. */
export function iso(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
