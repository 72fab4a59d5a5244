import { beforeEach, describe, expect, it } from 'vitest';
import { readRecord, readRecords } from '../../../lib/incidents/records/records.ts';
import { LedgerIncidents } from '../../../lib/incidents/store/ledger-incidents.ts';
import { event, idOf, incident } from '../../support/incident-events.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';

const ids = ['inc_20261119_2359_aaaaaa', 'inc_20261120_0915_k3f9qa', 'inc_20261120_1000_000000'].map(idOf);
let ledger: MemoryLedger;
let store: LedgerIncidents;

beforeEach(async () => {
  ledger = new MemoryLedger();
  store = new LedgerIncidents(ledger);
  for (const id of ids) await store.append(event('opened', { incident: id }));
});

const idsOf = async (range = {}) => (await readRecords(store, range)).records.map(({ id }) => id);

describe('readRecords', () => {
  it('reads all, in order', async () => {
    expect(await idsOf()).toEqual(ids);
  });

  it('reads those that were opened in a range', async () => {
    const at = (time: string) => Date.parse(`2026-11-${time}Z`);

    expect(await idsOf({ since: at('20T00:00:00') })).toEqual(ids.slice(1));
    expect(await idsOf({ since: at('20T09:15:59') })).toEqual(ids.slice(1));
    expect(await idsOf({ until: at('20T09:15:00') })).toEqual(ids.slice(0, 2));
    expect(await idsOf({ since: at('20T00:00:00'), until: at('20T09:59:59') })).toEqual([incident]);
  });

  it('reports what it can not understand beside the rest', async () => {
    const damaged = `incidents/${incident}/events/1-a.json`;
    ledger.put(damaged, 'half');
    const orphan = idOf('inc_20261121_0000_000000');
    await store.append(event('noted', { incident: orphan }));

    const { records, unreadable } = await readRecords(store);

    expect(records.map(({ id }) => id)).toEqual(ids);
    expect(unreadable).toEqual([
      { id: incident, keys: [damaged] },
      { id: orphan, keys: [] },
    ]);
  });

  it('keeps only some reads under way at a time', async () => {
    for (let n = 0; n < 60; n++) {
      await store.append(
        event('opened', { incident: idOf(`inc_20261122_0000_${String(n).padStart(6, '0')}`) }),
      );
    }
    let underWay = 0;
    let most = 0;
    const counting = new LedgerIncidents({
      create: (...args) => ledger.create(...args),
      replace: (...args) => ledger.replace(...args),
      list: (...args) => ledger.list(...args),
      read: async (...args) => {
        underWay += 1;
        most = Math.max(most, underWay);
        await new Promise(setImmediate);
        underWay -= 1;
        return ledger.read(...args);
      },
    });

    expect((await readRecords(counting)).records).toHaveLength(63);
    expect(most).toBeLessThanOrEqual(32);
  });

  it('fails when the store does', async () => {
    ledger.fault = ({ key }) => (key.includes(ids[2] ?? '') ? 'fail' : undefined);

    await expect(readRecords(store)).rejects.toMatchObject({ name: 'LedgerError' });
  });
});

describe('readRecord', () => {
  it('finds one incident, or none', async () => {
    expect((await readRecord(store, incident)).record?.id).toBe(incident);
    expect(await readRecord(store, idOf('inc_20261120_0915_zzzzzz'))).toEqual({});
  });
});
