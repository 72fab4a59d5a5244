import { expect, test } from 'vitest';
import { recordsCheck } from '../../../lib/incidents/records/records-check.ts';
import { LedgerIncidents } from '../../../lib/incidents/store/ledger-incidents.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';
import { RepeatedLook } from '../../support/repeated-look.ts';

const now = Date.UTC(2026, 0, 31, 9, 15);
const hour = 60 * 60_000;
const event = 'incidents/inc_20260131_0900_abcdef/events/1769850000000-opened.json';

function statuses(findings: readonly { subject: string; status: string }[] | undefined) {
  return findings?.map(({ subject, status }) => `${subject} ${status}`);
}

function setUp() {
  const ledger = new MemoryLedger();
  return { ledger, store: new LedgerIncidents(ledger) };
}

test('looks every six hours while all is well', async () => {
  const { store } = setUp();
  const check = new RepeatedLook(recordsCheck({ store }));
  expect(statuses(await check.at(now))).toEqual(['state ok', 'timelines ok']);
  expect(await check.at(now + 5 * hour)).toBeUndefined();
  expect(statuses(await check.at(now + 6 * hour))).toEqual(['state ok', 'timelines ok']);
});

test('names the first event that it cannot understand, in every run until it is mended', async () => {
  const { ledger, store } = setUp();
  ledger.put(event, '{"verb":"vanished"}');
  const check = new RepeatedLook(recordsCheck({ store }));
  const found = await check.at(now);
  expect(found?.[1]).toMatchObject({
    status: 'warning',
    evidence: { incident: 'inc_20260131_0900_abcdef', key: event },
  });
  expect(statuses(await check.at(now + hour / 12))).toEqual(['state ok', 'timelines warning']);
  ledger.objects.delete(event);
  expect(statuses(await check.at(now + hour / 6))).toEqual(['state ok', 'timelines ok']);
});

test('is critical in the run that set a state aside, and ok in the next', async () => {
  const { store } = setUp();
  const memories = { timelines: { lookedAt: now - 1, well: true }, state: { well: true } };
  const check = new RepeatedLook(recordsCheck({ store, setAside: 'incidents/state.json' }), memories);
  expect(statuses(await check.at(now))).toEqual(['state critical', 'timelines ok']);
  const next = new RepeatedLook(recordsCheck({ store }), {
    ...memories,
    state: check.memoryOf('state') ?? {},
  });
  expect(statuses(await next.at(now + 1))).toEqual(['state ok', 'timelines ok']);
});

test('a ledger that fails is unknown, not well', async () => {
  const { ledger, store } = setUp();
  ledger.fault = () => 'fail';
  const check = new RepeatedLook(recordsCheck({ store }));
  expect(statuses(await check.at(now))).toEqual(['state ok', 'timelines unknown']);
  ledger.fault = () => undefined;
  expect(statuses(await check.at(now + 1))).toEqual(['state ok', 'timelines ok']);
});
