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
 * as a probe (half-open), and closes when an attempt succeeds. So an outage costs one slow request per interval,
 * and not one per batch.
 */
export class Circuit {
  readonly #onSwitch: (to: CircuitSwitch) => void;
  readonly #now: () => number;
  #failures = 0;
  /** Undefined while closed. */
  #openUntil: number | undefined;
  #probing = false;

  /** `now` is in milliseconds, of a clock that never goes back. */
  constructor(onSwitch: (to: CircuitSwitch) => void = () => {}, now: () => number = () => performance.now()) {
    this.#onSwitch = onSwitch;
    this.#now = now;
  }

  get closed(): boolean {
    return this.#openUntil === undefined;
  }

  /** `probe` is given out once an interval: whoever gets it has to report how it went. */
  admit(): 'freely' | 'probe' | 'not' {
    if (this.#openUntil === undefined) return 'freely';
    if (this.#probing || this.#now() < this.#openUntil) return 'not';
    this.#probing = true;
    return 'probe';
  }

  succeeded(): void {
    this.#failures = 0;
    this.#probing = false;
    if (this.closed) return;
    this.#openUntil = undefined;
    this.#onSwitch('closed');
  }

  /** `tookMs`: how long the attempt took to fail. */
  failed(tookMs: number): void {
    this.#failures += 1;
    if (this.closed) {
      if (this.#failures < failuresToOpen && tookMs < slowFailureMs) return;
      this.#openUntil = this.#now() + avoidedMs;
      this.#onSwitch('opened');
    } else if (this.#probing) {
      this.#probing = false;
      this.#openUntil = this.#now() + avoidedMs;
    }
  }
}
