import type { ObjectKey } from '../../lib/archive/format/key.ts';
import {
  type ArchiveReader,
  type ArchiveWriter,
  type Creation,
  type StoredObject,
  StoreError,
} from '../../lib/archive/store/store.ts';

/** An attempt's script: store it, or fail in one of the ways that a real store does. */
export type Step = 'store' | 'hang' | 'store, then lose the answer' | StoreError;

/** An archive in memory. `script` is used up attempt by attempt; after it, every attempt stores. */
export class MemoryArchive implements ArchiveWriter, ArchiveReader {
  readonly objects = new Map<string, Buffer>();
  readonly script: Step[] = [];
  attempts = 0;

  async create(key: ObjectKey, body: Buffer, signal: AbortSignal): Promise<Creation> {
    this.attempts += 1;
    const step = this.script.shift() ?? 'store';
    if (step instanceof StoreError) throw step;
    if (step === 'hang') return hang(signal);
    const creation: Creation = this.objects.has(key) ? 'exists' : 'created';
    if (creation === 'created') this.objects.set(key, Buffer.from(body));
    return step === 'store' ? creation : hang(signal);
  }

  async *list(prefix: string, after: string): AsyncIterable<StoredObject> {
    for (const key of [...this.objects.keys()].sort()) {
      if (key.startsWith(prefix) && key > after) yield { key, size: this.objects.get(key)?.length ?? 0 };
    }
  }

  async read(key: string): Promise<Buffer> {
    const body = this.objects.get(key);
    if (body === undefined) throw new StoreError('missing', `no object ${key}`);
    return body;
  }
}

function hang(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new StoreError('unavailable', 'aborted')), { once: true });
  });
}
