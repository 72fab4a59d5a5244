import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { codeOf, isRefusedByFileSystem } from '../../base/errors.ts';
import { DirectorySync } from '../../disk/directory-sync.ts';
import { nodeFileSystem } from '../../disk/durable-files.ts';
import { withLock } from '../../disk/lock.ts';
import { type Ledger, LedgerError, type LedgerObject } from '../ledger.ts';

const privateDirectory = 0o700;
const privateFile = 0o600;
const staleTemporaryMs = 60 * 60 * 1000;
const longestName = 200;

/**
 * The ledger as a plain directory, a file a key. Names that begin with a dot are no keys: temporary files and
 * locks live there. A version is the SHA-256 of the content.
 *
 * A write is a temporary file, its fsync, an exclusive link (or, for a replacement, a rename under a lock that
 * other processes respect too), and the fsync of the directory. Every directory above it is made durable first.
 */
export class DirectoryLedger implements Ledger {
  readonly #root: string;
  readonly #sync = new DirectorySync(nodeFileSystem);
  readonly #durable = new Map<string, Promise<void>>();
  #swept: Promise<void> | undefined;

  constructor(root: string) {
    this.#root = resolve(root);
  }

  async read(key: string, signal?: AbortSignal): Promise<LedgerObject | undefined> {
    const path = this.#pathOf(key);
    throwIfAborted(signal);
    try {
      const body = await readFile(path);
      return { body, version: versionOf(body) };
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw ledgerError(error);
    }
  }

  async create(key: string, body: Buffer, signal?: AbortSignal): Promise<'created' | 'exists'> {
    const path = this.#pathOf(key);
    throwIfAborted(signal);
    return this.#write(path, body, async (temporary) => {
      try {
        await nodeFileSystem.link(temporary, path);
        return 'created';
      } catch (error) {
        if (codeOf(error) === 'EEXIST') return 'exists';
        throw error;
      }
    });
  }

  async replace(
    key: string,
    body: Buffer,
    version: string | undefined,
    signal?: AbortSignal,
  ): Promise<'replaced' | 'changed'> {
    if (version === undefined) {
      return (await this.create(key, body, signal)) === 'created' ? 'replaced' : 'changed';
    }
    const path = this.#pathOf(key);
    throwIfAborted(signal);
    return this.#write(path, body, (temporary) =>
      withLock(join(this.#root, '.locks', `${versionOf(Buffer.from(key))}.lock`), async (assertHeld) => {
        if ((await this.read(key))?.version !== version) return 'changed';
        await assertHeld();
        await rename(temporary, path);
        return 'replaced';
      }),
    );
  }

  async *list(prefix: string, after = '', signal?: AbortSignal): AsyncGenerator<string> {
    yield* this.#walk(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, after, signal);
  }

  #pathOf(key: string): string {
    const names = key.split('/');
    if (names.every(isName)) return join(this.#root, key);
    throw new LedgerError(`'${key}' can't be a key of the ledger: names of a-z, A-Z, 0-9 and . _ - =`, false);
  }

  /** Writes a temporary file durably, lets `place` give it its name, and makes that name durable. */
  async #write<Outcome>(
    path: string,
    body: Buffer,
    place: (temporary: string) => Promise<Outcome>,
  ): Promise<Outcome> {
    try {
      return await this.#writeOnce(path, body, place);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw ledgerError(error);
      // Somebody removed a directory that was made earlier: make it again, once.
      this.#durable.clear();
    }
    try {
      return await this.#writeOnce(path, body, place);
    } catch (error) {
      throw ledgerError(error);
    }
  }

  async #writeOnce<Outcome>(
    path: string,
    body: Buffer,
    place: (temporary: string) => Promise<Outcome>,
  ): Promise<Outcome> {
    const directory = dirname(path);
    for (const each of [directory, this.#temporary, join(this.#root, '.locks')])
      await this.#ensureDirectory(each);
    this.#swept ??= this.#sweep();
    await this.#swept;
    const temporary = join(this.#temporary, randomBytes(12).toString('hex'));
    try {
      await writeDurably(temporary, body);
      const outcome = await place(temporary);
      // Also for what exists already: its first writer may not have come this far yet.
      await this.#sync.sync(directory);
      return outcome;
    } finally {
      await rm(temporary, { force: true });
    }
  }

  get #temporary(): string {
    return join(this.#root, '.tmp');
  }

  /**
   * Removes temporary files that a killed process left. One that can't be looked at or removed (another process
   * sweeps too) costs a little room and nothing else: the next start tries again.
   */
  async #sweep(): Promise<void> {
    for (const name of await readdir(this.#temporary)) {
      const path = join(this.#temporary, name);
      const found = await stat(path).catch(() => undefined);
      const stale = found?.isFile() === true && Date.now() - found.mtimeMs > staleTemporaryMs;
      if (stale) await rm(path, { force: true }).catch(() => undefined);
    }
  }

  /** Resolves when `directory` and every directory above it, up to the root's own entry, are durable. */
  #ensureDirectory(directory: string): Promise<void> {
    const known = this.#durable.get(directory);
    if (known !== undefined) return known;
    const made = this.#makeDirectory(directory);
    this.#durable.set(directory, made);
    made.catch(() => this.#durable.delete(directory));
    return made;
  }

  async #makeDirectory(directory: string): Promise<void> {
    const parent = dirname(directory);
    if (directory === this.#root) await mkdir(parent, { recursive: true, mode: privateDirectory });
    else await this.#ensureDirectory(parent);
    try {
      await mkdir(directory, privateDirectory);
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
    }
    await this.#sync.sync(parent);
  }

  async *#walk(
    folder: string,
    prefix: string,
    after: string,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<string> {
    throwIfAborted(signal);
    for (const name of await this.#sortedNames(folder)) {
      const key = folder + name;
      const outside = !key.startsWith(prefix) && !prefix.startsWith(key);
      if (outside) continue;
      if (name.endsWith('/')) {
        const allBefore = key < after && !after.startsWith(key);
        if (!allBefore) yield* this.#walk(key, prefix, after, signal);
      } else if (key > after && key.startsWith(prefix)) yield key;
    }
  }

  /** Names in the order of the keys they begin: a folder sorts with its slash, as in an object store. */
  async #sortedNames(folder: string): Promise<string[]> {
    try {
      const entries = await readdir(join(this.#root, folder), { withFileTypes: true });
      return entries
        .filter(({ name }) => isName(name))
        .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
        .sort();
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return [];
      throw ledgerError(error);
    }
  }
}

function isName(name: string): boolean {
  return name.length <= longestName && /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/.test(name);
}

async function writeDurably(path: string, body: Buffer): Promise<void> {
  await using file = await open(path, 'wx', privateFile);
  await file.writeFile(body);
  await file.sync();
}

function versionOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LedgerError('gave up before it was begun', true);
}

function ledgerError(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  const message = `the ledger's directory failed: ${error instanceof Error ? error.message : String(error)}`;
  return new LedgerError(message, !isRefusedByFileSystem(error), { cause: error });
}
