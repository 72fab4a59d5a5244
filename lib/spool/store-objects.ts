import { writeWithin } from '../archive/store/attempts.ts';
import { Circuit } from '../archive/store/circuit.ts';
import { type ArchiveWriter, type Creation, StoreError } from '../archive/store/store.ts';
import { sideBySide } from '../base/limited-concurrency.ts';
import type { PlannedMember, PlannedObject } from './plan-objects.ts';
import { isRefusal, Refusals } from './refusals.ts';

export interface ObjectsToStore<T extends PlannedMember> {
  readonly store: ArchiveWriter;
  readonly objects: readonly PlannedObject<T>[];
  /** The bytes of a planned object: its members, back to back. */
  readonly read: (object: PlannedObject<T>) => Buffer | Promise<Buffer>;
  /** For all of them together. */
  readonly budgetMs: number;
  /** Of the run that they are a part of; their own where nothing is given. */
  readonly refusals?: Refusals;
}

export interface StoreOutcome<T extends PlannedMember> {
  readonly object: PlannedObject<T>;
  readonly bytes: number;
  /** Why it is not known to be stored; undefined where it is. */
  readonly failure?: Error;
}

/** Objects under way at once: each holds its bytes. */
const width = 4;
/** What one object may take of the budget, if it is no large one: the others want their turn. */
const objectMs = 10_000;
/** Nobody waits for an answer here: what is given up too early over a slow line would be given up every time. */
const bytesPerMs = 1000;

/**
 * Creates objects, several at once, and says of each whether it is stored: that one can't be read or stored holds
 * back no other. When the store turns out to be away, the rest is not waited for; what it refuses of one app tells
 * nothing of the others (see {@link Refusals}). Never rejects.
 */
export async function storeObjects<T extends PlannedMember>({
  store,
  objects,
  read,
  budgetMs,
  refusals = new Refusals(),
}: ObjectsToStore<T>): Promise<StoreOutcome<T>[]> {
  const deadline = performance.now() + budgetMs;
  const circuit = new Circuit();
  return sideBySide(objects, width, async (object) => {
    try {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) throw new StoreError('unavailable', 'no time is left');
      if (refusals.passesOver(object.key)) {
        throw new StoreError('refused', 'the store refused others of this app and day');
      }
      if (circuit.admit() === 'not') {
        throw new StoreError('unavailable', 'the store did not take other objects');
      }
      const body = await read(object);
      const bytes = body.length;
      const ownMs = objectMs + bytes / bytesPerMs;
      const limits = { budgetMs: Math.min(ownMs, leftMs), bytes, bytesPerMs, circuit };
      const { result } = await writeWithin(
        (signal) => answerOf(store.create(object.key, body, signal)),
        limits,
      );
      if (result instanceof StoreError) {
        refusals.refused(object.key);
        throw result;
      }
      refusals.taken(object.key);
      return { object, bytes };
    } catch (cause) {
      const failure = cause instanceof Error ? cause : new Error('its bytes could not be read', { cause });
      return { object, bytes: 0, failure };
    }
  });
}

/** A refusal as the answer that it is: it must not open the circuit, which would hold back what is not refused. */
async function answerOf(creation: Promise<Creation>): Promise<Creation | StoreError> {
  try {
    return await creation;
  } catch (error) {
    if (isRefusal(error)) return error;
    throw error;
  }
}
