import { type DrainLedger, isSuccess } from '../support/fake-logplex-ledger.ts';
import type { FaultProxy } from '../support/fault-proxy.ts';

/** What happened in one scenario or in many: that a soak has met what it is about can be seen. */
export class Tally {
  readonly #counts = new Map<string, number>();

  count(name: string, times = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + times);
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  add(
    ledger: readonly DrainLedger[],
    spooled: number,
    proxies: readonly (readonly [string, FaultProxy])[],
  ): void {
    for (const { batches, lost, produced } of ledger) {
      this.count('messages', produced);
      this.count(
        'messages declared lost',
        lost.reduce((sum, { count }) => sum + count, 0),
      );
      this.count('batches', batches.length);
      for (const { tries, result } of batches) {
        this.count(result);
        this.count('tries', tries.length);
        if (tries.some(({ answer, lost: declared }) => isSuccess(answer) && declared > 0))
          this.count('acknowledged with a loss notice');
      }
    }
    this.count('spooled', spooled);
    for (const [boundary, { injected }] of proxies) {
      for (const [kind, times] of Object.entries(injected))
        if (times > 0) this.count(`${boundary}: ${kind}`, times);
    }
  }

  merge(other: Tally): void {
    for (const [name, times] of other.#counts) this.count(name, times);
  }

  toString(): string {
    return [...this.#counts].map(([name, times]) => `${name} ${times}`).join(', ');
  }
}
