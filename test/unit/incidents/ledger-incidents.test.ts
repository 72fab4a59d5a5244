import { beforeEach, describe, expect, it } from 'vitest';
import { emptyState } from '../../../lib/incidents/state.ts';
import { UnreadableError } from '../../../lib/incidents/store/incident-store.ts';
import { LedgerIncidents } from '../../../lib/incidents/store/ledger-incidents.ts';
import { event, idOf, incident, openedAt } from '../../support/incident-events.ts';
import { finding, fresh, IncidentSteps } from '../../support/incident-steps.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';

let ledger: MemoryLedger;
let store: LedgerIncidents;
const eventKey = (name: string) => `incidents/${incident}/events/${name}.json`;

beforeEach(() => {
  ledger = new MemoryLedger();
  store = new LedgerIncidents(ledger, () => openedAt);
});

describe('keys', () => {
  it('are those of the layout', async () => {
    await store.replaceState(emptyState, undefined);
    await store.append(event('opened'));
    await store.putArtifact(incident, 'a.md', Buffer.from('x'));

    expect([...ledger.objects.keys()]).toEqual([
      'incidents/state.json',
      eventKey(`${openedAt}-1-opened`),
      `incidents/${incident}/artifacts/a.md`,
    ]);
  });
});

describe('a timeline with events that cannot be understood', () => {
  it.each([
    ['cut short', '{"verb":"no'],
    ['empty', ''],
    ['of an unknown verb', JSON.stringify({ ...event('noted'), verb: 'celebrated' })],
    ['with a missing field', JSON.stringify({ ...event('noted'), text: undefined })],
    ['of another incident', JSON.stringify(event('noted', { incident: idOf('inc_20261120_0915_000000') }))],
    ['no object', 'null'],
  ])('sets one aside that is %s, and shows the rest', async (_, body) => {
    await store.append(event('opened'));
    ledger.put(eventKey(`${openedAt}-4`), body);
    await store.append(event('resolved'));

    expect(await store.timeline(incident)).toEqual({
      events: [event('opened'), event('resolved')],
      unreadable: [eventKey(`${openedAt}-4`)],
    });
  });

  it('fails when the ledger does, rather than pass a part for the whole', async () => {
    await store.append(event('opened'));
    await store.append(event('resolved'));
    ledger.fault = ({ key }) => (key.includes('resolved') ? 'fail' : undefined);

    await expect(store.timeline(incident)).rejects.toMatchObject({ name: 'LedgerError' });
  });
});

describe('a state that cannot be understood', () => {
  it.each(['', '{', '[]', '{"version":2}', '{"version":1,"subjects":{}}'])(
    'is an UnreadableError that says where: %s',
    async (body) => {
      ledger.put('incidents/state.json', body);

      const error = await store.readState().catch((reason: unknown) => reason);

      expect(error).toBeInstanceOf(UnreadableError);
      expect(error).toMatchObject({ key: 'incidents/state.json' });
    },
  );

  it('is set aside as it is, and may then be replaced', async () => {
    ledger.put('incidents/state.json', '{"half');
    const unreadable = await unreadableState();

    await store.setAsideState(unreadable);

    expect(setAside()).toEqual({ [`incidents/set-aside/${openedAt}.json`]: '{"half' });
    expect(await store.replaceState(emptyState, unreadable.version)).toBe('replaced');
    expect((await store.readState())?.state).toEqual(emptyState);
  });

  it('is never put in the place of another that was set aside', async () => {
    ledger.put(`incidents/set-aside/${openedAt}.json`, 'another');
    ledger.put('incidents/state.json', '{"half');

    await store.setAsideState(await unreadableState());
    await store.setAsideState(await unreadableState());

    expect(setAside()).toEqual({
      [`incidents/set-aside/${openedAt}.json`]: 'another',
      [`incidents/set-aside/${openedAt + 1}.json`]: '{"half',
    });
  });

  it('goes on with what of it can be understood', async () => {
    const steps = new IncidentSteps();
    steps.run(fresh('shop', 'critical'), finding('jobs', 'watch', 'ok'));
    const { subjects } = steps.state;
    const later = {
      ...steps.state,
      subjects: { ...subjects, 'manifests shop': { ...subjects['freshness shop'], check: 'manifests' } },
      mutes: ['all', { scope: 'all', until: 2, reason: 'moving', by: 'ada', at: 1 }],
    };
    ledger.put('incidents/state.json', JSON.stringify(later));

    const { rest } = await unreadableState();

    expect(rest).toEqual({
      ...steps.state,
      mutes: [{ scope: 'all', until: 2, reason: 'moving', by: 'ada', at: 1 }],
    });
  });

  it.each(['{', '[]', '{"version":2,"subjects":{}}'])('has nothing to go on with in %s', async (body) => {
    ledger.put('incidents/state.json', body);
    expect((await unreadableState()).rest).toBeUndefined();
  });

  it('is none for a field that a later version added', async () => {
    const steps = new IncidentSteps();
    steps.run(fresh('shop', 'critical'));
    const text = JSON.stringify({ ...steps.state, added: 1 }).replaceAll('"title"', '"added":{},"title"');
    ledger.put('incidents/state.json', text);
    expect((await store.readState())?.state).toEqual(steps.state);
  });

  it('is left to whoever has replaced it meanwhile', async () => {
    ledger.put('incidents/state.json', '{"half');
    const unreadable = await unreadableState();
    ledger.put('incidents/state.json', '{}');

    await store.setAsideState(unreadable);

    expect(setAside()).toEqual({});
    expect(await store.replaceState(emptyState, unreadable.version)).toBe('changed');
  });
});

async function unreadableState(): Promise<UnreadableError> {
  const error = await store.readState().catch((reason: unknown) => reason);
  if (error instanceof UnreadableError) return error;
  throw new Error('the state was read', { cause: error });
}

function setAside(): Record<string, string> {
  const found = [...ledger.objects].filter(([key]) => key.startsWith('incidents/set-aside/'));
  return Object.fromEntries(found.map(([key, { body }]) => [key, body.toString()]));
}
