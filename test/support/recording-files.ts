import { relative } from 'node:path';
import { type DurableFile, type DurableFileSystem, nodeFileSystem } from '../../lib/disk/durable-files.ts';
import { RecordedCalls } from './recorded-calls.ts';

/** A call that ends in durability, when it began or when it was done: `fsync logs/my-app`. */
export type Step = `${'mkdir' | 'write' | 'fsync' | 'link' | 'unlink'} ${string}`;

/**
 * A real file system that records the order in which calls end, and can hold one back or make it fail.
 * Temporary files are recorded as `tmp/*`, since their names are random.
 */
export class RecordingFiles extends RecordedCalls<Step> implements DurableFileSystem {
  readonly #root: string;

  constructor(root: string) {
    super();
    this.#root = root;
  }

  mkdir(path: string, mode: number): Promise<unknown> {
    return this.record(`mkdir ${this.#name(path)}`, () => nodeFileSystem.mkdir(path, mode));
  }

  async open(path: string, flags: string, mode?: number): Promise<DurableFile> {
    const file = await nodeFileSystem.open(path, flags, mode);
    return {
      writeFile: (bytes) => this.record(`write ${this.#name(path)}`, () => file.writeFile(bytes)),
      sync: () => this.record(`fsync ${this.#name(path)}`, () => file.sync()),
      close: () => file.close(),
    };
  }

  link(existing: string, path: string): Promise<void> {
    return this.record(`link ${this.#name(path)}`, () => nodeFileSystem.link(existing, path));
  }

  unlink(path: string): Promise<void> {
    return this.record(`unlink ${this.#name(path)}`, () => nodeFileSystem.unlink(path));
  }

  #name(path: string): string {
    const name = relative(this.#root, path);
    return name.replace(/^(archive\/tmp\/).+$/, '$1*');
  }
}
