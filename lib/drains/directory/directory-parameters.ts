import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { codeOf } from '../../base/errors.ts';
import { withLock } from '../../disk/lock.ts';
import type { Parameter, ParameterStore } from '../parameters.ts';

/** The registry's file can't be read or written. The message names it and says what to do. */
export class RegistryFileError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RegistryFileError';
  }
}

type Parameters = ReadonlyMap<string, string>;

const fileFormat = z.record(z.string(), z.string());
const privateDirectory = 0o700;
const privateFile = 0o600;
const openToOthers = 0o077;

/**
 * All parameters in one file, `<directory>/registry.json`: a JSON object, readable by its owner only. A file
 * found readable by others is closed to them; nothing is refused for it.
 *
 * A reader sees the file before or after a write, never between: writes replace it whole, and are made one
 * after the other under a lock file. A damaged file is an error and is never replaced.
 */
export class DirectoryParameters implements ParameterStore {
  readonly #directory: string;
  readonly #path: string;

  constructor(directory: string) {
    this.#directory = resolve(directory);
    this.#path = join(this.#directory, 'registry.json');
  }

  async list(prefix: string, signal?: AbortSignal): Promise<Parameter[]> {
    signal?.throwIfAborted();
    const parameters = [...(await this.#read())].map(([name, value]) => ({ name, value }));
    return parameters.filter(({ name }) => name.startsWith(prefix));
  }

  async get(name: string): Promise<string | undefined> {
    return (await this.#read()).get(name);
  }

  async put(name: string, value: string): Promise<void> {
    await this.#change((old) => (old.get(name) === value ? old : new Map(old).set(name, value)));
  }

  async create(name: string, value: string): Promise<boolean> {
    return this.#change((old) => (old.has(name) ? old : new Map(old).set(name, value)));
  }

  async delete(name: string): Promise<boolean> {
    return this.#change((old) => (old.has(name) ? new Map([...old].filter(([key]) => key !== name)) : old));
  }

  /** Whether anything changed. */
  async #change(edit: (old: Parameters) => Parameters): Promise<boolean> {
    try {
      await mkdir(this.#directory, { recursive: true, mode: privateDirectory });
      return await withLock(join(this.#directory, 'registry.lock'), async (assertHeld) => {
        const before = await this.#read();
        const after = edit(before);
        if (after === before) return false;
        await this.#replace(after, assertHeld);
        return true;
      });
    } catch (error) {
      throw this.#explain(error, 'write');
    }
  }

  /** A whole new file in the old one's place; durable when this resolves. */
  async #replace(parameters: Parameters, assertHeld: () => Promise<void>): Promise<void> {
    const sorted = [...parameters].sort(([a], [b]) => (a < b ? -1 : 1));
    const temporary = `${this.#path}.tmp`;
    // Under the lock, one that is still here was left by a killed process.
    await rm(temporary, { force: true });
    await using file = await open(temporary, 'wx', privateFile);
    await file.writeFile(`${JSON.stringify(Object.fromEntries(sorted), undefined, 2)}\n`);
    await file.sync();
    await assertHeld();
    await rename(temporary, this.#path);
    await using directory = await open(this.#directory, 'r');
    await directory.sync();
  }

  async #read(): Promise<Parameters> {
    try {
      await using file = await open(this.#path, 'r');
      await closeToOthers(file);
      return this.#parse(await file.readFile('utf8'));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return new Map();
      throw this.#explain(error, 'read');
    }
  }

  #parse(text: string): Parameters {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // JSON.parse quotes what it stumbled over, and the file holds secrets.
    }
    const parsed = fileFormat.safeParse(value);
    if (parsed.success) return new Map(Object.entries(parsed.data));
    throw new RegistryFileError(
      `${this.#path} is damaged: it is not one JSON object of strings. Restore it from a copy, or move it away to start with no drains.`,
    );
  }

  #explain(error: unknown, verb: string): unknown {
    const code = codeOf(error);
    if (error instanceof RegistryFileError || code === undefined) return error;
    const remedy = remedies[code] ?? 'Check the directory.';
    return new RegistryFileError(`can't ${verb} ${this.#path} (${code}). ${remedy}`, { cause: error });
  }
}

const remedies: Readonly<Record<string, string>> = {
  EACCES: 'Its permissions forbid it: run as its owner, or pass another directory.',
  EPERM: 'Its permissions forbid it: run as its owner, or pass another directory.',
  EROFS: 'The disk is read-only: pass another directory.',
  ENOSPC: 'The disk is full: free some space.',
  ENOTDIR: 'Part of this path is a file: pass another directory.',
  EEXIST: 'Part of this path is a file: pass another directory.',
  EISDIR: 'It must be a file: move the directory away.',
};

async function closeToOthers(file: FileHandle): Promise<void> {
  const { mode } = await file.stat();
  if ((mode & openToOthers) === 0) return;
  try {
    await file.chmod(privateFile);
  } catch {
    // Somebody else's file: it can be read all the same, and its owner can close it.
  }
}
