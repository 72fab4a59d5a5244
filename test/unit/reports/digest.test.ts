import { beforeEach, describe, expect, it } from 'vitest';
import type { IncidentEvent, IncidentId } from '../../../lib/incidents/incident.ts';
import { LedgerIncidents } from '../../../lib/incidents/store/ledger-incidents.ts';
import type { Digest } from '../../../lib/reports/digest.ts';
import { digestMarkdown } from '../../../lib/reports/digest-markdown.ts';
import { parseWeek } from '../../../lib/reports/week.ts';
import { digestOf, reportWeek } from '../../../lib/reports/weekly.ts';
import { event, idOf } from '../../support/incident-events.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const week = parseWeek('2026-W47');
const monday = week.to + 8 * hour;
let ledger: MemoryLedger;
let store: LedgerIncidents;

beforeEach(() => {
  ledger = new MemoryLedger();
  store = new LedgerIncidents(ledger);
});

/** Stores a timeline that opens at `at`, from an id that fits. */
async function add(
  at: number,
  changes: Parameters<typeof event<'opened'>>[1] = {},
  ...more: readonly IncidentEvent[]
): Promise<IncidentId> {
  const time = new Date(at).toISOString();
  const rand = String(ledger.objects.size).padStart(6, '0');
  const incident = idOf(
    `inc_${time.slice(0, 10).replaceAll('-', '')}_${time.slice(11, 16).replace(':', '')}_${rand}`,
  );
  await store.append(event('opened', { incident, at, since: at - 10 * minute, ...changes }));
  for (const each of more) await store.append({ ...each, incident });
  return incident;
}
const make = (): Promise<Digest> => digestOf(store, week, monday);

describe('a digest', () => {
  it('of a week without incidents is empty', async () => {
    expect(await make()).toMatchObject({
      week: '2026-W47',
      opened: [],
      resolved: [],
      toDetect: null,
      toResolve: null,
      recurrences: [],
      stale: [],
      overdue: [],
      unreadable: [],
    });
  });

  it('counts what was opened and what was resolved in the week', async () => {
    const start = await add(week.from, { severity: 'P1' });
    const end = await add(week.to - 1, { severity: 'P3', subjects: ['blog'] });
    await add(week.to);
    const before = await add(week.from - 1, {}, event('resolved', { at: week.from }));
    await add(week.from - day, {}, event('resolved', { at: week.from - 1 }));

    const { opened, resolved, openedBySeverity } = await make();

    expect(opened.map(({ id }) => id)).toEqual([start, end]);
    expect(resolved.map(({ id }) => id)).toEqual([before]);
    expect(openedBySeverity).toEqual({ P1: 1, P3: 1 });
  });

  it('says how long it took to detect and to resolve', async () => {
    const lasting = [10 * minute, 30 * minute, 50 * minute, 5 * hour];
    for (const [n, ms] of lasting.entries()) {
      const at = week.from + n * hour;
      await add(at, { since: at - (n + 1) * minute }, event('resolved', { at: at + ms }));
    }

    const { toDetect, toResolve } = await make();

    expect(toDetect).toEqual({ median: 2.5 * minute, longest: 4 * minute });
    expect(toResolve).toEqual({ median: 40 * minute, longest: 5 * hour });
  });

  it('names what came again, what is open too long, and what is overdue', async () => {
    await add(week.from + hour, {}, event('reopened', { at: week.from + 2 * hour }));
    const stale = await add(week.to - 7 * day - 1, { subjects: ['blog'] });
    const overdue = await add(
      week.from - 90 * day,
      {},
      event('closed', { at: week.from - 80 * day }),
      event('follow-up-added', { at: week.from - 80 * day, due: '2026-11-22' }),
      event('follow-up-added', { id: 'x', at: week.from - 80 * day, followUp: 'f2', due: '2026-11-23' }),
    );

    const digest = await make();

    expect(digest.recurrences).toMatchObject([{ check: 'freshness', subject: 'shop', at: { length: 2 } }]);
    expect(digest.stale.map(({ id }) => id)).toEqual([stale]);
    expect(digest.overdue.map(({ incident, id }) => [incident, id])).toEqual([[overdue, 'f1']]);
  });

  it('is the same whenever it is made', async () => {
    const id = await add(
      week.from,
      {},
      event('follow-up-added', { at: week.from + hour, due: '2026-11-20' }),
    );
    const first = await make();

    await store.append(event('resolved', { incident: id, at: week.to + hour }));
    await store.append(event('follow-up-done', { incident: id, at: week.to + hour }));
    await add(week.to + day);

    expect(await digestOf(store, week, monday + 30 * day)).toEqual(first);
  });

  it('tells of records that cannot be understood', async () => {
    const id = await add(week.from);
    ledger.put(`incidents/${id}/events/1-x.json`, 'half');

    const digest = await make();

    expect(digest.unreadable).toEqual([id]);
    expect(digest.opened).toHaveLength(1);
    expect(digestMarkdown(digest)).toContain(`- ${id}, in part or whole`);
  });

  it('is none of a week to come', async () => {
    await expect(digestOf(store, parseWeek('2026-W49'), monday)).rejects.toThrow('has not begun');
  });
});

describe('digestMarkdown', () => {
  it('says the same for people', async () => {
    const id = await add(
      week.from + hour,
      { title: 'shop is silent' },
      event('resolved', { at: week.from + 2 * hour }),
    );

    const text = digestMarkdown(await make());

    expect(text).toMatch(/^# Incidents in 2026-W47\n\n2026-11-16 00:00 UTC to 2026-11-23 00:00 UTC\.\n/);
    expect(text).toContain('- Opened: 1 (P1 1)\n');
    expect(text).toContain('- Time to resolve: median 1 h, longest 1 h\n');
    expect(text).toContain(
      `- P1 shop is silent: ${id}, opened 2026-11-16 01:00 UTC, resolved after 1 h 10 min\n`,
    );
    expect(text).toContain('## Overdue follow-ups\n\nNone.\n');
  });
});

describe('reportWeek', () => {
  const keys = ['reports/incidents/weekly/2026-W47.json', 'reports/incidents/weekly/2026-W47.md'];
  const stored = () => keys.map((key) => ledger.objects.get(key)?.body.toString());

  it('keeps both forms in the ledger', async () => {
    await add(week.from);

    const digest = await reportWeek({ store, ledger }, week, monday);

    expect(JSON.parse(stored()[0] ?? '')).toMatchObject({
      week: '2026-W47',
      from: '2026-11-16T00:00:00.000Z',
      opened: [{ id: digest.opened[0]?.id, openedAt: '2026-11-16T00:00:00.000Z', endedAt: null }],
      toDetect: { median: 10 * minute },
    });
    expect(stored()[1]).toBe(digestMarkdown(digest));
  });

  it('leaves a week alone that is there already, and puts a better one in its place', async () => {
    await reportWeek({ store, ledger }, week, monday);
    const before = keys.map((key) => ledger.objects.get(key)?.version);
    await reportWeek({ store, ledger }, week, monday);
    expect(keys.map((key) => ledger.objects.get(key)?.version)).toEqual(before);

    await add(week.from);
    await reportWeek({ store, ledger }, week, monday);

    expect(JSON.parse(stored()[0] ?? '').opened).toHaveLength(1);
    expect(stored()[1]).toContain('Opened: 1');
  });

  it('gets along with another that reports at the same time', async () => {
    await add(week.from);

    await Promise.all([1, 2, 3].map(() => reportWeek({ store, ledger }, week, monday)));

    expect(JSON.parse(stored()[0] ?? '').opened).toHaveLength(1);
  });
});
