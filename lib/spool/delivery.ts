import { writeWithin } from '../archive/attempts.ts';
import { Circuit, type CircuitSwitch, probeMs } from '../archive/circuit.ts';
import { type ArchiveWriter, type Creation, StoreError } from '../archive/store.ts';
import type { SpooledMember, SpoolWriter } from './spool.ts';

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
    const failures: StoreError[] = [];
    const worthMore = new Set<Path>();
    for (const [index, path] of paths.entries()) {
      const admission = path.circuit.admit();
      if (admission === 'not') {
        worthMore.add(path);
        continue;
      }
      const reservedMs = paths.slice(index + 1).reduce((sum, { leastMs }) => sum + leastMs, 0);
      const ownMs = Math.max(path.leastMs, deadline - performance.now() - reservedMs);
      const budgetMs = Math.min(admission === 'probe' ? probeMs : path.mostMs, ownMs);
      try {
        return await deliverBy(path, spooled, { budgetMs, circuit: path.circuit }, failures);
      } catch (error) {
        if (failureOf(error).retry) worthMore.add(path);
        failures.push(failureOf(error));
      }
    }
    // What nobody takes, Heroku drops within milliseconds: what time is left goes to what a circuit avoided or cut
    // short.
    let others = worthMore.size;
    for (const path of worthMore) {
      const shareMs = (deadline - performance.now()) / others;
      others -= 1;
      const budgetMs = failures.length === 0 ? Math.max(path.leastMs, shareMs) : shareMs;
      if (budgetMs <= 0) continue;
      try {
        return await deliverBy(path, spooled, { budgetMs, circuit: undefined }, failures);
      } catch (error) {
        failures.push(failureOf(error));
      }
    }
    throw new DeliveryError(failures);
  }
}

async function deliverBy(
  path: Path,
  spooled: SpooledMember,
  limits: { readonly budgetMs: number; readonly circuit: Circuit | undefined },
  failures: readonly StoreError[],
): Promise<Delivered> {
  const { result, attempts } = await writeWithin((signal) => path.write(spooled, signal), {
    ...limits,
    bytes: spooled.member.length,
  });
  const first = failures.length === 0 && attempts === 1;
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
