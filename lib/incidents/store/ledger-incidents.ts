import type * as z from 'zod';
import { sideBySide } from '../../base/limited-concurrency.ts';
import type { Ledger, LedgerObject } from '../../ledger/ledger.ts';
import { type IncidentEvent, type IncidentId, incidentEvent, parseIncidentId } from '../incident.ts';
import { restOf } from '../rules/recover-state.ts';
import { type State, state as stateSchema } from '../state.ts';
import { checkArtifactName, checkArtifactSize } from './artifact.ts';
import { type IncidentStore, type StoredState, type Timeline, UnreadableError } from './incident-store.ts';

const stateKey = 'incidents/state.json';
const readsAtOnce = 8;

/** Incidents in the ledger: one object for the state, one for each event, one for each artifact. */
export class LedgerIncidents implements IncidentStore {
  readonly #ledger: Ledger;
  readonly #now: () => number;

  constructor(ledger: Ledger, now: () => number = Date.now) {
    this.#ledger = ledger;
    this.#now = now;
  }

  async readState(signal?: AbortSignal): Promise<StoredState | undefined> {
    const object = await this.#ledger.read(stateKey, signal);
    if (object === undefined) return undefined;
    return { state: parseStored(stateSchema, stateKey, object, restOf), version: object.version };
  }

  replaceState(
    state: State,
    version: string | undefined,
    signal?: AbortSignal,
  ): Promise<'replaced' | 'changed'> {
    return this.#ledger.replace(stateKey, toJson(state), version, signal);
  }

  /** The copy is `incidents/set-aside/<ms>.json`. None is made of a state that was replaced meanwhile. */
  async setAsideState({ key: from, version }: UnreadableError): Promise<void> {
    const object = await this.#ledger.read(from);
    if (object?.version !== version) return;
    for (let at = this.#now(); ; at += 1) {
      const key = `incidents/set-aside/${at}.json`;
      if ((await this.#ledger.create(key, object.body)) === 'created') return;
      if ((await this.#ledger.read(key))?.body.equals(object.body) === true) return;
    }
  }

  async append(event: IncidentEvent, signal?: AbortSignal): Promise<void> {
    const key = `${eventsPrefix(event.incident)}${String(event.at).padStart(13, '0')}-${event.id}.json`;
    await this.#ledger.create(key, toJson(event), signal);
  }

  async *ids(after = ''): AsyncGenerator<IncidentId> {
    let last: IncidentId | undefined;
    for await (const key of this.#ledger.list('incidents/inc_', `incidents/${after}`)) {
      const id = parseIncidentId(key.split('/')[1] ?? '');
      if (id === undefined || id === last) continue;
      last = id;
      yield id;
    }
  }

  async timeline(id: IncidentId): Promise<Timeline> {
    const keys = await Array.fromAsync(this.#ledger.list(eventsPrefix(id)));
    const read = await sideBySide(keys, readsAtOnce, (key) => this.#readEvent(id, key));
    return {
      events: read.flatMap(({ event }) => event ?? []).sort(byTime),
      unreadable: read.flatMap(({ unreadable }) => unreadable ?? []),
    };
  }

  async putArtifact(id: IncidentId, name: string, body: Buffer): Promise<'created' | 'exists'> {
    checkArtifactName(name);
    checkArtifactSize(name, body.length);
    return this.#ledger.create(artifactsPrefix(id) + name, body);
  }

  async readArtifact(id: IncidentId, name: string): Promise<Buffer | undefined> {
    checkArtifactName(name);
    return (await this.#ledger.read(artifactsPrefix(id) + name))?.body;
  }

  async artifacts(id: IncidentId): Promise<readonly string[]> {
    const prefix = artifactsPrefix(id);
    return Array.fromAsync(this.#ledger.list(prefix), (key) => key.slice(prefix.length));
  }

  async #readEvent(
    id: IncidentId,
    key: string,
  ): Promise<{ readonly event?: IncidentEvent; readonly unreadable?: string }> {
    const object = await this.#ledger.read(key);
    // It expired since it was listed.
    if (object === undefined) return {};
    try {
      const event = parseStored(incidentEvent, key, object);
      return event.incident === id ? { event } : { unreadable: key };
    } catch (error) {
      if (error instanceof UnreadableError) return { unreadable: key };
      throw error;
    }
  }
}

function eventsPrefix(id: IncidentId): string {
  return `incidents/${id}/events/`;
}

function artifactsPrefix(id: IncidentId): string {
  return `incidents/${id}/artifacts/`;
}

function byTime(a: IncidentEvent, b: IncidentEvent): number {
  return a.at - b.at || (a.id < b.id ? -1 : 1);
}

function toJson(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, undefined, 1)}\n`);
}

/** Throws {@link UnreadableError}. */
function parseStored<T extends z.ZodType>(
  schema: T,
  key: string,
  { body, version }: LedgerObject,
  salvage?: (value: unknown) => State | undefined,
): z.output<T> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch (cause) {
    throw new UnreadableError(key, version, `${key} in the ledger is damaged: it is not JSON`, { cause });
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [first] = parsed.error.issues;
  const where = first?.path.join('.') || 'the whole';
  throw new UnreadableError(
    key,
    version,
    `${key} in the ledger is damaged, or written by a later version of Cistern: ${where}: ${first?.message}`,
    { cause: parsed.error, rest: salvage?.(value) },
  );
}
