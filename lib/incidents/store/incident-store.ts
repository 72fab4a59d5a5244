import type { IncidentEvent, IncidentId } from '../incident.ts';
import type { State } from '../state.ts';

/** Incidents as they are kept: one state, an append-only timeline each, and their artifacts. */
export interface IncidentStore {
  /** Undefined before the first run. Throws {@link UnreadableError} for a state that can't be understood. */
  readState(signal?: AbortSignal): Promise<StoredState | undefined>;
  /** Replaces the state only if it is still at `version` (undefined: only where there is none). */
  replaceState(
    state: State,
    version: string | undefined,
    signal?: AbortSignal,
  ): Promise<'replaced' | 'changed'>;

  /** Keeps a copy of a state that can't be understood; the caller then replaces it, at the error's version. */
  setAsideState(unreadable: UnreadableError): Promise<void>;

  /** Adds to a timeline. Adding an event that is there already is harmless. */
  append(event: IncidentEvent, signal?: AbortSignal): Promise<void>;
  /** Ids of all incidents from `after` on (an id, or a prefix of one such as `inc_20260131`), in order. */
  ids(after?: string): AsyncIterable<IncidentId>;
  /** The timeline in order of time; empty when there is no such incident. */
  timeline(id: IncidentId): Promise<Timeline>;

  /** `exists`: an artifact is never overwritten. */
  putArtifact(id: IncidentId, name: string, body: Buffer): Promise<'created' | 'exists'>;
  readArtifact(id: IncidentId, name: string): Promise<Buffer | undefined>;
  artifacts(id: IncidentId): Promise<readonly string[]>;
}

export interface StoredState {
  readonly state: State;
  readonly version: string;
}

export interface Timeline {
  readonly events: readonly IncidentEvent[];
  /** Keys of events that could not be understood: set aside, while the rest goes on. */
  readonly unreadable: readonly string[];
}

/** What is stored can't be understood. It is left as it is. */
export class UnreadableError extends Error {
  /** Where it is stored. */
  readonly key: string;
  /** As {@link StoredState.version}. */
  readonly version: string;
  /** Of a state, what can be understood. */
  readonly rest: State | undefined;

  constructor(
    key: string,
    version: string,
    message: string,
    { rest, ...options }: ErrorOptions & { readonly rest?: State | undefined } = {},
  ) {
    super(message, options);
    this.name = 'UnreadableError';
    this.key = key;
    this.version = version;
    this.rest = rest;
  }
}
