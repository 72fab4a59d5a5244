import { maxMessageMemberBytes } from '../spool/message.ts';
import type { SpooledMember, SpoolWriter } from '../spool/spool.ts';

/**
 * A spool whose client is loaded when it is first needed: delivering directly seldom needs one, and every cold start
 * would wait for it.
 */
export class DeferredSpool implements SpoolWriter {
  readonly maxMemberBytes = maxMessageMemberBytes;
  readonly #load: () => Promise<SpoolWriter>;
  #loaded: Promise<SpoolWriter> | undefined;

  constructor(load: () => Promise<SpoolWriter>) {
    this.#load = load;
  }

  /** Loads it now, where it is needed for sure. */
  async load(): Promise<SpoolWriter> {
    this.#loaded ??= this.#load().catch((error: unknown) => {
      // The next one may have more luck.
      this.#loaded = undefined;
      throw error;
    });
    return this.#loaded;
  }

  async put(spooled: SpooledMember, signal: AbortSignal): Promise<void> {
    const spool = await this.load();
    await spool.put(spooled, signal);
  }
}
