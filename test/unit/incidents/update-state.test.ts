import { beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../../../lib/config/config.ts';
import { acknowledge, mute, openByHand } from '../../../lib/incidents/commands.ts';
import type { IncidentId } from '../../../lib/incidents/incident.ts';
import { rulesOf } from '../../../lib/incidents/rules/rules.ts';
import { emptyState, type State } from '../../../lib/incidents/state.ts';
import { LedgerIncidents } from '../../../lib/incidents/store/ledger-incidents.ts';
import { updateState } from '../../../lib/incidents/store/update-state.ts';
import { idOf, openedAt } from '../../support/incident-events.ts';
import { type LedgerCall, MemoryLedger } from '../../support/memory-ledger.ts';

const rules = rulesOf(parseConfig({}));
const stateKey = 'incidents/state.json';
const opened = {
  by: 'ada',
  now: openedAt,
  title: 'Checkout is slow',
  severity: 'P2',
  service: 'shop',
  environment: 'production',
  apps: ['shop'],
  remedy: '',
} as const;
const open = (state: State) => openByHand(state, opened, rules);

let ledger: MemoryLedger;
let store: LedgerIncidents;

beforeEach(() => {
  ledger = new MemoryLedger();
  store = new LedgerIncidents(ledger);
});

async function openOne(): Promise<IncidentId> {
  const [event] = (await updateState(store, open)).step.events;
  if (event === undefined) throw new Error('nothing was opened');
  return event.incident;
}
const verbsOf = async (id: IncidentId) => (await store.timeline(id)).events.map(({ verb }) => verb);
const incidentsNow = async () => Object.keys((await store.readState())?.state.incidents ?? {});

/** Another writer's change, just before ours is stored; `times` in a row. */
function interfere(times: number): void {
  let left = times;
  ledger.fault = ({ operation, key }) => {
    if (operation !== 'replace' || key !== stateKey || left === 0) return undefined;
    left -= 1;
    const there = ledger.objects.get(key);
    const state: State = there === undefined ? emptyState : JSON.parse(there.body.toString());
    ledger.put(key, JSON.stringify({ ...state, ranAt: openedAt - left - 1 }));
    return undefined;
  };
}

/** The first replacing of the state fails like this. */
function failOnce(fault: 'fail' | 'carry out, then fail', meanwhile: () => void = () => undefined): void {
  let failed = false;
  ledger.fault = ({ operation, key }: LedgerCall) => {
    if (operation === 'read' && failed) {
      meanwhile();
      ledger.fault = () => undefined;
    }
    if (operation !== 'replace' || key !== stateKey || failed) return undefined;
    failed = true;
    return fault;
  };
}

describe('updateState', () => {
  it('stores a step, and adds its events to their timeline', async () => {
    const id = await openOne();

    expect(await incidentsNow()).toEqual([id]);
    expect(await verbsOf(id)).toEqual(['opened']);
  });

  it('changes again what another has changed meanwhile, and loses neither', async () => {
    interfere(2);

    const id = await openOne();

    expect((await store.readState())?.state.ranAt).toBe(openedAt - 1);
    expect(await incidentsNow()).toEqual([id]);
    expect(await verbsOf(id)).toEqual(['opened']);
  });

  it('gives up in the end, having changed nothing', async () => {
    interfere(100);

    await expect(openOne()).rejects.toMatchObject({ name: 'LedgerError', retry: true });
    expect(await incidentsNow()).toEqual([]);
  });

  it('keeps every change of several at once', async () => {
    const id = await openOne();
    const scopes = ['all', 'check:drain', 'app:shop'];

    await Promise.all(
      scopes.map((scope) =>
        updateState(store, (state) =>
          mute(state, { scope, until: openedAt + 1e6, reason: 'moving', by: 'ada', now: openedAt }, rules),
        ),
      ),
    );

    expect((await store.readState())?.state.mutes.map(({ scope }) => scope).toSorted()).toEqual([
      'all',
      'app:shop',
      'check:drain',
    ]);
    expect((await verbsOf(id)).filter((verb) => verb === 'muted').length).toBeGreaterThan(0);
  });

  it('tries again after a fault', async () => {
    failOnce('fail');

    expect(await verbsOf(await openOne())).toEqual(['opened']);
  });

  it('opens one incident, not two, where an answer was lost', async () => {
    failOnce('carry out, then fail');

    const id = await openOne();

    expect(await incidentsNow()).toEqual([id]);
  });

  it.each(['unrecorded', 'recorded'])(
    'opens one incident where an answer was lost and the watch came between, its event %s',
    async (its) => {
      failOnce('carry out, then fail', () => {
        const state: State = JSON.parse(ledger.objects.get(stateKey)?.body.toString() ?? '');
        const [event] = state.unrecorded;
        if (its === 'recorded' && event !== undefined) {
          ledger.put(
            `incidents/${event.incident}/events/${event.at}-${event.id}.json`,
            JSON.stringify(event),
          );
        }
        const unrecorded = its === 'recorded' ? [] : state.unrecorded;
        ledger.put(stateKey, JSON.stringify({ ...state, unrecorded, ranAt: openedAt }));
      });

      const id = await openOne();

      expect(await incidentsNow()).toEqual([id]);
      expect(await verbsOf(id)).toEqual(['opened']);
    },
  );

  it('leaves events to the next run that could not be recorded', async () => {
    ledger.fault = ({ operation }) => (operation === 'create' ? 'fail' : undefined);

    const { step, recorded } = await updateState(store, open);

    expect(recorded).toBe(false);
    expect((await store.readState())?.state.unrecorded).toEqual(step.events);
  });

  it('changes nothing where the change is refused', async () => {
    const id = await openOne();
    const before = ledger.objects.get(stateKey);

    const unknown = idOf(id.replace(/.{6}$/, 'zzzzzz'));
    const attempt = updateState(store, (state) =>
      acknowledge(state, unknown, { by: 'ada', now: openedAt }, rules),
    );

    await expect(attempt).rejects.toMatchObject({ name: 'RefusedError' });
    expect(ledger.objects.get(stateKey)).toBe(before);
  });

  it('does not touch a state that it cannot understand', async () => {
    ledger.put(stateKey, '{');

    await expect(openOne()).rejects.toMatchObject({ name: 'UnreadableError' });
    expect(ledger.objects.get(stateKey)?.body.toString()).toBe('{');
  });
});
