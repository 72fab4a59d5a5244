import { type FaultChances, type FaultKind, faultKinds } from '../support/fault-proxy-kinds.ts';
import { Random } from '../support/random.ts';

/** `serve`: over a directory. `serve-bucket`: over a bucket. `lambda`: the bundled receiver and archiver. */
export type SystemName = 'serve' | 'serve-bucket' | 'lambda';

/** `registry`: between the receiver and the parameters that it knows the drains by. */
export type Boundary = 'sender' | 'store' | 'spool' | 'registry';

/** What happens once, at some moment, beside the faults that any request can meet. */
export type SoakEvent = { readonly at: number } & (
  | { readonly kind: 'kill'; readonly what: 'receiver' | 'archiver' }
  /** Asked to stop, and started again: a new version. */
  | { readonly kind: 'restart' }
  /** Nothing gets through for a while. */
  | {
      readonly kind: 'outage';
      readonly boundary: Boundary;
      readonly fault: FaultKind;
      readonly forMs: number;
    }
  | { readonly kind: 'disk full'; readonly forMs: number }
  | { readonly kind: 'clock'; readonly whose: 'receiver' | 'sender'; readonly byMs: number }
  /** A new secret, every drain's URL with it, and the old one retired. */
  | { readonly kind: 'rotation' }
);

export interface ScenarioSize {
  readonly drains: number;
  readonly batches: number;
  readonly messagesPerBatch: number;
  /** How often each of the events that a system can meet happens. */
  readonly rounds: number;
  /** Milliseconds that an outage takes, at least and at most. */
  readonly outageMs: readonly [number, number];
  /** Scales how often requests meet a fault: fewer where each one waits out a long timeout. */
  readonly faults: number;
}

export interface Scenario {
  readonly seed: number;
  readonly system: SystemName;
  readonly delivery: 'direct' | 'buffered';
  readonly size: ScenarioSize;
  readonly faults: Readonly<Record<Boundary, FaultChances>>;
  /** In their order; `at` is the share of the batches that were sent before. */
  readonly events: readonly SoakEvent[];
  /** Of messages that the spool's queue delivers once more; it delivers them in any order. */
  readonly redelivered: number;
  /** How long the archiver gathers, in seconds where it is `serve`'s and in hundreds of milliseconds elsewhere. */
  readonly window: number;
}

const boundaries: Readonly<Record<SystemName, readonly Boundary[]>> = {
  serve: ['sender'],
  'serve-bucket': ['sender', 'store'],
  lambda: ['sender', 'store', 'spool', 'registry'],
};

/** The same seed, the same scenario. */
export function scenarioOf(
  seed: number,
  system: SystemName,
  delivery: 'direct' | 'buffered',
  size: ScenarioSize,
): Scenario {
  const random = new Random(Math.imul(seed, 7_919) + system.length * 31 + delivery.length);
  const faultsOf = (boundary: Boundary) =>
    boundaries[system].includes(boundary) ? drawFaults(random, boundary, size.faults) : {};
  return {
    seed,
    system,
    delivery,
    size,
    faults: {
      sender: faultsOf('sender'),
      store: faultsOf('store'),
      spool: faultsOf('spool'),
      registry: faultsOf('registry'),
    },
    events: Array.from({ length: size.rounds }, () => drawEvents(random, system, size))
      .flat()
      .sort((a, b) => a.at - b.at),
    redelivered: random.next() * 0.2,
    window: random.between(0, 1),
  };
}

/** Waited out by whoever meets them, so they are rare. */
const slowKinds: readonly FaultKind[] = ['hung', 'slow'];

function drawFaults(random: Random, boundary: Boundary, scale: number): FaultChances {
  const possible = faultKinds.filter(
    (kind) => boundary === 'store' || (kind !== 'conflict' && kind !== 'precondition'),
  );
  const drawn = possible.map((kind) => {
    const most = slowKinds.includes(kind) ? 0.008 : 0.04;
    // Some kinds are absent: each is met in the absence of others too.
    return [kind, random.chance(0.3) ? 0 : random.next() * most * scale] as const;
  });
  return Object.fromEntries(drawn);
}

function drawEvents(random: Random, system: SystemName, { outageMs }: ScenarioSize): SoakEvent[] {
  const at = () => 0.05 + random.next() * 0.8;
  const forMs = () => random.between(...outageMs);
  const outage = (boundary: Boundary): SoakEvent => {
    const faults: readonly FaultKind[] = ['refused', 'reset', 'hung', 'error500', 'slowDown', 'lostResponse'];
    const fault = faults[random.between(0, faults.length - 1)] ?? 'refused';
    return { kind: 'outage', at: at(), boundary, fault, forMs: forMs() };
  };
  // Up to half a day each, either way: a message that is more than a day old for its receiver may, when its clock
  // is set between two tries, be under two keys so far apart that a reader shows it twice (docs/archive-format.md).
  const clock = (whose: 'receiver' | 'sender'): SoakEvent => ({
    kind: 'clock',
    at: at(),
    whose,
    byMs: Math.round((random.next() - 0.5) * 8 * 10 ** random.between(3, 7)),
  });
  return [
    { kind: 'kill', at: at(), what: 'receiver' },
    ...(system === 'lambda' ? [{ kind: 'kill', at: at(), what: 'archiver' } as const] : []),
    ...boundaries[system].filter((boundary) => boundary !== 'sender').map(outage),
    ...(system === 'lambda'
      ? []
      : ([
          { kind: 'restart', at: at() },
          { kind: 'disk full', at: at(), forMs: forMs() },
        ] as const)),
    clock('receiver'),
    clock('sender'),
    { kind: 'rotation', at: at() },
  ];
}
