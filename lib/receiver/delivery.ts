import { setTimeout as sleep } from 'node:timers/promises';
import { writeWithin } from '../archive/store/attempts.ts';
import { Circuit, type CircuitSwitch, probeMs } from '../archive/store/circuit.ts';
import { type ArchiveWriter, type Creation, StoreError } from '../archive/store/store.ts';
import type { SpooledMember, SpoolWriter } from '../spool/spool.ts';

/** `direct`: the store first, the spool when it fails. `buffered`: the other way round. */
export type DeliveryMode = 'direct' | 'buffered';

export type PathName = 'store' | 'spool';

export interface DeliveryOptions {
  readonly mode: DeliveryMode;
  readonly store: ArchiveWriter;
  readonly spool: SpoolWriter;
  /** Hears when a path is avoided, and when it is used again. */
  readonly onSwitch: (path: PathName, to: CircuitSwitch) => void;
}

export interface Delivered {
  /** Where the batch is durable. */
  readonly path: PathName;
  /** Whether the store had these very bytes before; an attempt of this delivery may have brought them there. */
  readonly duplicate: boolean;
  /** Whether nobody reads the member any more. */
  readonly releasable: boolean;
}

/** Neither path took a batch. */
export class DeliveryError extends Error {
  constructor(failures: readonly StoreError[]) {
    super(`neither store nor spool took it: ${failures.map(({ message }) => message).join('; ')}`, {
      cause: failures.at(-1),
    });
    this.name = 'DeliveryError';
  }
}

/** An attempt that has less time is given up before a store can answer. */
const worthTryingMs = 100;
/** Between two rounds over paths that refuse at once. */
const betweenRoundsMs = 250;

interface Path {
  readonly name: PathName;
  readonly circuit: Circuit;
  /** What a batch may wait for it, in milliseconds, if it comes first; and what it gets however late it is. */
  readonly mostMs: number;
  readonly leastMs: number;
  readonly maxBytes: number;
  readonly releasable: boolean;
  write(spooled: SpooledMember, signal: AbortSignal): Promise<Creation>;
}

/**
 * Brings a batch to where it is durable: through the path that its mode prefers, else through the other. A path
 * that fails is avoided for some seconds (see {@link Circuit}), of which each process learns by itself.
 */
export class Delivery {
  readonly #paths: readonly Path[];

  constructor({ mode, store, spool, onSwitch }: DeliveryOptions) {
    const circuit = (path: PathName) => new Circuit((to) => onSwitch(path, to));
    const viaStore: Path = {
      name: 'store',
      circuit: circuit('store'),
      mostMs: 2_500,
      leastMs: 500,
      maxBytes: Number.POSITIVE_INFINITY,
      releasable: store.releasable === true,
      write: ({ key, member }, signal) => store.create(key, member, signal),
    };
    const viaSpool: Path = {
      name: 'spool',
      circuit: circuit('spool'),
      mostMs: 1_500,
      leastMs: 1_000,
      maxBytes: spool.maxMemberBytes,
      releasable: spool.releasable === true,
      write: async (spooled, signal) => {
        await spool.put(spooled, signal);
        return 'created';
      },
    };
    this.#paths = mode === 'direct' ? [viaStore, viaSpool] : [viaSpool, viaStore];
  }

  /** Resolves when the batch is durable; throws {@link DeliveryError} when it can't be made so in about `leftMs`. */
  async deliver(spooled: SpooledMember, leftMs: number): Promise<Delivered> {
    const deadline = performance.now() + leftMs;
    const paths = this.#paths.filter(({ maxBytes }) => spooled.member.length <= maxBytes);
    const failures = new Map<Path, StoreError>();
    for (const [index, path] of paths.entries()) {
      const admission = path.circuit.admit();
      if (admission === 'not') continue;
      const reservedMs = paths.slice(index + 1).reduce((sum, { leastMs }) => sum + leastMs, 0);
      const ownMs = Math.max(path.leastMs, deadline - performance.now() - reservedMs);
      const budgetMs = Math.min(admission === 'probe' ? probeMs : path.mostMs, ownMs);
      try {
        return await deliverBy(path, spooled, { budgetMs, circuit: path.circuit }, failures);
      } catch (error) {
        failures.set(path, failureOf(error));
      }
    }
    return deliverAnyhow(paths, spooled, deadline, failures);
  }
}

/**
 * What nobody takes, Heroku drops: its three tries come within milliseconds. So what time is left goes to every
 * path, whatever its circuit says and however it failed.
 */
async function deliverAnyhow(
  paths: readonly Path[],
  spooled: SpooledMember,
  deadline: number,
  failures: Map<Path, StoreError>,
): Promise<Delivered> {
  for (;;) {
    for (const [index, path] of paths.entries()) {
      const shareMs = (deadline - performance.now()) / (paths.length - index);
      const budgetMs = failures.has(path) ? shareMs : Math.max(path.leastMs, shareMs);
      if (budgetMs < worthTryingMs) continue;
      try {
        const delivered = await deliverBy(path, spooled, { budgetMs, circuit: undefined }, failures);
        path.circuit.succeeded();
        return delivered;
      } catch (error) {
        failures.set(path, failureOf(error));
      }
    }
    if (performance.now() + betweenRoundsMs >= deadline) throw new DeliveryError([...failures.values()]);
    await sleep(betweenRoundsMs);
  }
}

async function deliverBy(
  path: Path,
  spooled: SpooledMember,
  limits: { readonly budgetMs: number; readonly circuit: Circuit | undefined },
  failures: ReadonlyMap<Path, StoreError>,
): Promise<Delivered> {
  const { result, attempts } = await writeWithin((signal) => path.write(spooled, signal), {
    ...limits,
    bytes: spooled.member.length,
  });
  const first = failures.size === 0 && attempts === 1;
  return {
    path: path.name,
    // After an attempt that may have stored it without saying so, "exists" is our own write.
    duplicate: result === 'exists' && first,
    // An attempt that was given up may still be reading.
    releasable: path.releasable && first,
  };
}

function failureOf(error: unknown): StoreError {
  return error instanceof StoreError ? error : new StoreError('unavailable', String(error));
}
