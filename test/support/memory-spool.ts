import { StoreError } from '../../lib/archive/store/store.ts';
import type { SpooledMember, SpoolWriter } from '../../lib/spool/spool.ts';

/** An attempt's script: hold it, or fail in one of the ways that a real spool does. */
export type SpoolStep = 'hold' | 'hang' | 'hold, then lose the answer' | StoreError;

/** A spool in memory. `script` is used up attempt by attempt; after it, every attempt holds. */
export class MemorySpool implements SpoolWriter {
  maxMemberBytes = 1_000_000;
  readonly held: SpooledMember[] = [];
  readonly script: SpoolStep[] = [];
  attempts = 0;

  async put({ key, member }: SpooledMember, signal: AbortSignal): Promise<void> {
    this.attempts += 1;
    const step = this.script.shift() ?? 'hold';
    if (step instanceof StoreError) throw step;
    if (step !== 'hang') this.held.push({ key, member: Buffer.from(member) });
    if (step === 'hold') return;
    await new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(new StoreError('unavailable', 'aborted')), {
        once: true,
      });
    });
  }
}
