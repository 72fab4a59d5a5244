/** What a circuit says when it changes: `opened` avoids its path, `closed` uses it again. */
export type CircuitSwitch = 'opened' | 'closed';

/** How many attempts running have to fail before a path is avoided. */
const failuresToOpen = 3;
/** An attempt that failed only after this long has kept a sender waiting: one is enough. */
const slowFailureMs = 500;
/** How long a path is avoided before one batch tries it again. */
const avoidedMs = 5_000;

/** How long the one batch that tries an avoided path may wait for it. */
export const probeMs = 500;

/**
 * Whether a path (the store, the spool) is worth trying. Open, it is avoided; every 5 s it lets one batch through
 * as a probe (half-open), and closes when any attempt succeeds, also one that was under way before. So an outage
 * costs one slow request per interval, and not one per batch.
 */
export class Circuit {
  readonly #onSwitch: (to: CircuitSwitch) => void;
  readonly #now: () => number;
  #failures = 0;
  /** When the next probe may go; undefined while closed. */
  #probeAt: number | undefined;

  /** `now` is in milliseconds, of a clock that never goes back. What `onSwitch` throws is let go. */
  constructor(onSwitch: (to: CircuitSwitch) => void = () => {}, now: () => number = () => performance.now()) {
    this.#onSwitch = onSwitch;
    this.#now = now;
  }

  get closed(): boolean {
    return this.#probeAt === undefined;
  }

  /** `probe` is given out once an interval, also when nobody ever says how the last one went. */
  admit(): 'freely' | 'probe' | 'not' {
    if (this.#probeAt === undefined) return 'freely';
    if (this.#now() < this.#probeAt) return 'not';
    this.#probeAt = this.#now() + avoidedMs;
    return 'probe';
  }

  succeeded(): void {
    this.#failures = 0;
    if (this.closed) return;
    this.#probeAt = undefined;
    this.#tell('closed');
  }

  /** `tookMs`: how long the attempt took to fail. */
  failed(tookMs: number): void {
    this.#failures += 1;
    if (!this.closed || (this.#failures < failuresToOpen && tookMs < slowFailureMs)) return;
    this.#probeAt = this.#now() + avoidedMs;
    this.#tell('opened');
  }

  #tell(to: CircuitSwitch): void {
    try {
      this.#onSwitch(to);
    } catch {
      // Whether a batch is durable never hangs on who hears of a switch.
    }
  }
}
