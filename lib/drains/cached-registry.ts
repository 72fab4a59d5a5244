import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../base/log.ts';
import { type ParameterReader, parameterNames } from './parameters.ts';
import { parseRegistry, type Registry } from './registry.ts';

/** How old a registry may be before it is fetched again. */
const maxAgeMs = 60_000;
/** How old it may be to refuse somebody by it. */
export const maxAgeToRefuseMs = 5_000;
/** How long a request waits for a new one when the old one would do. */
const refreshWaitMs = 500;
/** How long a request waits when nothing else can answer it: a 503 in milliseconds would lose the batch. */
const patienceMs = 1_500;
/** A fetch is ended after this; it may outlive the request that started it, for the next one to find. */
const fetchTimeoutMs = 2_000;
const pauseAfterFailureMs = 150;
/** After a failed refresh the old registry serves this long before another request waits for a new one. */
const retryRefreshAfterMs = 5_000;

/** By both clocks, in milliseconds: one can be set, the other may stand still while a Lambda is frozen. */
interface Instant {
  readonly wall: number;
  readonly steady: number;
}

interface Fetched {
  readonly registry: Registry;
  /** When the fetch began: changes made before then are in it. */
  readonly at: Instant;
  /** Which fetch it was, counted from 1. */
  readonly flight: number;
}

export interface CachedRegistryOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Milliseconds, of a clock that is never set. */
  readonly steadyNow?: () => number;
  /** Nobody is refused by what was fetched before they came, not even seconds before. */
  readonly cheapToFetch?: boolean;
}

/**
 * The registry as the receiver reads it: cached, fetched by one flight at a time, swapped in whole, served old
 * when its parameters can't be read.
 */
export class CachedRegistry {
  readonly #parameters: ParameterReader;
  readonly #log: Log;
  readonly #now: () => Instant;
  readonly #maxAgeToRefuseMs: number;
  #fetched: Fetched | undefined;
  /** Resolves with whether it fetched. */
  #flight: Promise<boolean> | undefined;
  #flights = 0;
  #failedAt: Instant | undefined;

  constructor(parameters: ParameterReader, log: Log, options: CachedRegistryOptions = {}) {
    this.#parameters = parameters;
    this.#log = log;
    const { now = Date.now, steadyNow = () => performance.now() } = options;
    this.#now = () => ({ wall: now(), steady: steadyNow() });
    this.#maxAgeToRefuseMs = options.cheapToFetch === true ? Number.NEGATIVE_INFINITY : maxAgeToRefuseMs;
  }

  /** The registry to accept by: at most 60 s old, older when there is no newer; undefined when there is none. */
  async current(): Promise<Registry | undefined> {
    if (this.#fetched === undefined) return this.#wait(patienceMs, maxAgeMs);
    const fresh = this.#youngerThan(maxAgeMs);
    if (fresh !== undefined) return fresh;
    const failedLately = this.#failedAt !== undefined && this.#age(this.#failedAt) < retryRefreshAfterMs;
    const refreshed = failedLately ? undefined : await this.#wait(refreshWaitMs, maxAgeMs);
    return refreshed ?? this.#fetched.registry;
  }

  /**
   * The registry to refuse by: fetched after this call, or at most 5 s ago. Undefined when there is none: then
   * nobody is refused.
   */
  async currentToRefuse(): Promise<Registry | undefined> {
    const maxAge = this.#maxAgeToRefuseMs;
    return this.#youngerThan(maxAge) ?? (await this.#wait(patienceMs, maxAge));
  }

  async #wait(patience: number, maxAge: number): Promise<Registry | undefined> {
    let waiting = true;
    const flightsBefore = this.#flights;
    const answered = new AbortController();
    const timeUp = sleep(patience, undefined, { signal: answered.signal }).then(
      () => {
        waiting = false;
      },
      () => undefined,
    );
    try {
      while (waiting) {
        const succeeded = await Promise.race([this.#fetch(), timeUp]);
        const fresh = this.#fetchedAfter(flightsBefore) ?? this.#youngerThan(maxAge);
        if (fresh !== undefined) return fresh;
        // A flight that was under way before may have read too early; the next one has not.
        if (!succeeded) await Promise.race([sleep(pauseAfterFailureMs), timeUp]);
      }
      return undefined;
    } finally {
      answered.abort();
    }
  }

  /** Joins the flight under way, or starts one. Never rejects. */
  #fetch(): Promise<boolean> {
    this.#flight ??= this.#fly().finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  async #fly(): Promise<boolean> {
    const at = this.#now();
    this.#flights += 1;
    const flight = this.#flights;
    try {
      const signal = AbortSignal.timeout(fetchTimeoutMs);
      const registry = parseRegistry(await this.#parameters.list(parameterNames.drains, signal));
      if (registry.invalid.length > 0) {
        this.#log.error('parameters without a valid value are ignored', { names: registry.invalid });
      }
      this.#fetched = { registry, at, flight };
      this.#failedAt = undefined;
      return true;
    } catch (error) {
      this.#failedAt = this.#now();
      this.#log.warn('the registry could not be fetched', { error });
      return false;
    }
  }

  #fetchedAfter(flights: number): Registry | undefined {
    const fetched = this.#fetched;
    return fetched !== undefined && fetched.flight > flights ? fetched.registry : undefined;
  }

  #youngerThan(maxAge: number): Registry | undefined {
    const fetched = this.#fetched;
    return fetched !== undefined && this.#age(fetched.at) <= maxAge ? fetched.registry : undefined;
  }

  /** As old as either clock says; a clock that was set back makes everything old. */
  #age(at: Instant): number {
    const now = this.#now();
    const age = now.wall - at.wall;
    return age >= 0 ? Math.max(age, now.steady - at.steady) : Number.POSITIVE_INFINITY;
  }
}
