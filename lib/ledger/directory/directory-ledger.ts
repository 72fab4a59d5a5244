import { createHash } from 'node:crypto';
import { readFile, rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { codeOf, isRefusedByFileSystem, messageOf } from '../../base/errors.ts';
import { DurableTree } from '../../disk/durable-tree.ts';
import { withLock } from '../../disk/lock.ts';
import { type ReadFolder, readFolder, walkTree } from '../../disk/walk-tree.ts';
import { type Ledger, LedgerError, type LedgerObject } from '../ledger.ts';

const privateFile = 0o600;
const longestName = 200;

/**
 * The ledger as a plain directory, a file a key. Names that begin with a dot are no keys: temporary files and
 * locks live there. A version is the SHA-256 of the content.
 *
 * A replacement is a rename under a lock that other processes respect too.
 */
export class DirectoryLedger implements Ledger {
  readonly #root: string;
  readonly #locks: string;
  readonly #tree: DurableTree;
  #swept: Promise<void> | undefined;

  constructor(root: string) {
    this.#root = resolve(root);
    this.#locks = join(this.#root, '.locks');
    this.#tree = new DurableTree({ root: this.#root, temporary: '.tmp', mode: privateFile });
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
    return this.#write(path, body, (temporary) => this.#tree.link(temporary, path));
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
    return this.#write(path, body, async (temporary) => {
      await this.#tree.directories.ensure(this.#locks);
      return withLock(join(this.#locks, `${versionOf(Buffer.from(key))}.lock`), async (assertHeld) => {
        if ((await this.read(key))?.version !== version) return 'changed';
        await assertHeld();
        await rename(temporary, path);
        return 'replaced';
      });
    });
  }

  async *list(prefix: string, after = '', signal?: AbortSignal): AsyncGenerator<string> {
    const read: ReadFolder = async (path) => {
      throwIfAborted(signal);
      return (await readFolder(path)).filter(({ name }) => isName(name));
    };
    try {
      yield* walkTree(this.#root, prefix, after, read);
    } catch (error) {
      throw ledgerError(error);
    }
  }

  #pathOf(key: string): string {
    const names = key.split('/');
    if (names.every(isName)) return join(this.#root, key);
    throw new LedgerError(`'${key}' can't be a key of the ledger: names of a-z, A-Z, 0-9 and . _ - =`, false);
  }

  async #write<Outcome>(
    path: string,
    body: Buffer,
    name: (temporary: string) => Promise<Outcome>,
  ): Promise<Outcome> {
    try {
      this.#swept ??= this.#tree.sweep();
      await this.#swept;
      return await this.#tree.place(path, body, name);
    } catch (error) {
      throw ledgerError(error);
    }
  }
}

function isName(name: string): boolean {
  return name.length <= longestName && /^[A-Za-z0-9_=-][A-Za-z0-9._=-]*$/.test(name);
}

function versionOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new LedgerError('gave up before it was begun', true);
}

function ledgerError(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  const message = `the ledger's directory failed: ${messageOf(error)}`;
  return new LedgerError(message, !isRefusedByFileSystem(error), { cause: error });
}
