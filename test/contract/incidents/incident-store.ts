import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { emptyState, type State } from '../../../lib/incidents/state.ts';
import type { IncidentStore } from '../../../lib/incidents/store/incident-store.ts';
import { event, idOf, incident, oneOfEach, openedAt } from '../../support/incident-events.ts';

export interface OpenIncidentStore {
  readonly store: IncidentStore;
  close(): Promise<void>;
}

/** What every store of incidents must do. `make` opens an empty one. */
export function incidentStoreContract(name: string, make: () => Promise<OpenIncidentStore>): void {
  describe(`${name} keeps the contract of a store of incidents`, () => {
    let open: OpenIncidentStore;
    let store: IncidentStore;
    beforeEach(async () => {
      open = await make();
      store = open.store;
    });
    afterEach(() => open.close());

    it('has no state before the first run', async () => {
      expect(await store.readState()).toBeUndefined();
    });

    it('gives back the state that was stored', async () => {
      const state = ranAt(1, { unrecorded: [...oneOfEach] });

      expect(await store.replaceState(state, undefined)).toBe('replaced');

      expect((await store.readState())?.state).toEqual(state);
    });

    it('replaces a state only where it was not changed since', async () => {
      await store.replaceState(ranAt(1), undefined);
      const version = (await store.readState())?.version;

      expect(await store.replaceState(ranAt(2), version)).toBe('replaced');
      expect(await store.replaceState(ranAt(3), version)).toBe('changed');
      expect(await store.replaceState(ranAt(4), undefined)).toBe('changed');

      expect((await store.readState())?.state.ranAt).toBe(2);
    });

    it('lets one of two at once replace the state', async () => {
      await store.replaceState(ranAt(1), undefined);
      const version = (await store.readState())?.version;

      const outcomes = await Promise.all([
        store.replaceState(ranAt(2), version),
        store.replaceState(ranAt(3), version),
      ]);

      expect(outcomes.toSorted()).toEqual(['changed', 'replaced']);
    });

    it('gives back every kind of event, in order of time', async () => {
      const events = oneOfEach.map((each, index) => ({ ...each, at: openedAt + index }));
      for (const each of events.toReversed()) await store.append(each);

      expect(await store.timeline(incident)).toEqual({ events, unreadable: [] });
    });

    it('takes an event twice as once, also at once', async () => {
      await Promise.all([store.append(event('opened')), store.append(event('opened'))]);
      await store.append(event('opened'));

      expect((await store.timeline(incident)).events).toEqual([event('opened')]);
    });

    it('has an empty timeline for an incident that does not exist', async () => {
      expect(await store.timeline(incident)).toEqual({ events: [], unreadable: [] });
    });

    it('names incidents in order, each once, from a given one or a given day on', async () => {
      const ids = ['inc_20261119_2359_aaaaaa', 'inc_20261120_0915_k3f9qa', 'inc_20261120_1000_000000'].map(
        idOf,
      );
      await store.replaceState(emptyState, undefined);
      for (const id of ids.toReversed()) {
        await store.append(event('opened', { incident: id }));
        await store.append(event('noted', { incident: id }));
        await store.putArtifact(id, 'a.txt', Buffer.from('x'));
      }

      expect(await Array.fromAsync(store.ids())).toEqual(ids);
      expect(await Array.fromAsync(store.ids('inc_20261120'))).toEqual(ids.slice(1));
      expect(await Array.fromAsync(store.ids(ids[1]))).toEqual(ids.slice(1));
      expect(await Array.fromAsync(store.ids('inc_2027'))).toEqual([]);
    });

    it('keeps artifacts, and never overwrites one', async () => {
      const body = randomBytes(2_000_000);

      expect(await store.putArtifact(incident, 'b.json', body)).toBe('created');
      expect(await store.putArtifact(incident, 'a.md', Buffer.from('first'))).toBe('created');
      expect(await store.putArtifact(incident, 'a.md', Buffer.from('second'))).toBe('exists');

      expect(await store.artifacts(incident)).toEqual(['a.md', 'b.json']);
      expect((await store.readArtifact(incident, 'b.json'))?.equals(body)).toBe(true);
      expect((await store.readArtifact(incident, 'a.md'))?.toString()).toBe('first');
      expect(await store.readArtifact(incident, 'c.md')).toBeUndefined();
      expect(await store.artifacts(idOf('inc_20261120_0915_000000'))).toEqual([]);
    });

    it.each([
      ['../state.json', 'A-Z'],
      ['a/b.txt', 'A-Z'],
      ['', 'A-Z'],
      ['.txt', 'A-Z'],
      ['größe.txt', 'A-Z'],
      ['core.dump', '.json, .md or .txt'],
      [`${'a'.repeat(97)}.txt`, '101 characters'],
    ])('refuses an artifact named %j, and says what is allowed', async (name, advice) => {
      const refusal = store.putArtifact(incident, name, Buffer.from('x'));

      await expect(refusal).rejects.toThrow(advice);
      expect(await store.artifacts(incident)).toEqual([]);
    });

    it('refuses an artifact that is too large', async () => {
      const refusal = store.putArtifact(incident, 'a.txt', Buffer.alloc(2_000_001));

      await expect(refusal).rejects.toThrow('2,000,001 bytes');
      expect(await store.artifacts(incident)).toEqual([]);
    });
  });
}

function ranAt(at: number, changes: Partial<State> = {}): State {
  return { ...emptyState, ranAt: at, ...changes };
}
