import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Channel } from '../../../lib/alerts/channels/channel.ts';
import type { Delivery } from '../../../lib/incidents/alert.ts';
import { LedgerIncidents } from '../../../lib/incidents/store/ledger-incidents.ts';
import { FailedRounds } from '../../../lib/jobs/failed-round.ts';
import { runReportJob } from '../../../lib/jobs/report-job.ts';
import { runWatchJob, type WatchJob } from '../../../lib/jobs/watch-job.ts';
import { LedgerError } from '../../../lib/ledger/ledger.ts';
import { fresh, minute, rulesFor, start } from '../../support/incident-steps.ts';
import { MemoryLedger } from '../../support/memory-ledger.ts';

const word = 'reports/jobs/watch.json';
let ledger: MemoryLedger;
let pinged: string[];
let warnings: string[];
let now: number;
let deliver: () => Delivery;

beforeEach(() => {
  ledger = new MemoryLedger();
  pinged = [];
  warnings = [];
  now = start;
  deliver = () => ({ outcome: 'accepted' });
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (address) => {
    pinged.push(String(address));
    return new Response('OK');
  });
});
afterEach(() => vi.restoreAllMocks());

function job(changes: Partial<WatchJob> = {}): WatchJob {
  const channel: Channel = { name: 'page', deliver: async () => deliver() };
  return {
    ledger,
    store: new LedgerIncidents(ledger),
    checks: () => [{ name: 'freshness', look: async () => [fresh('shop', 'critical')] }],
    channels: new Map([['page', channel]]),
    rules: rulesFor({ alerts: { channels: { page: { type: 'slack' } } } }),
    heartbeat: 'https://hc.example/ping/id',
    log: { info: () => undefined, warn: (text) => warnings.push(text), error: () => undefined },
    now: () => now,
    ...changes,
  };
}

function outcomeOf(key: string): unknown {
  const body = ledger.objects.get(key)?.body.toString();
  return body === undefined ? undefined : JSON.parse(body);
}

describe('the job watch', () => {
  it('leaves word of its run, and pings the switch', async () => {
    const { events } = await runWatchJob(job());

    expect(events.map(({ verb }) => verb)).toEqual(['opened']);
    expect(outcomeOf(word)).toMatchObject({ outcome: 'done' });
    expect(pinged).toEqual(['https://hc.example/ping/id']);
  });

  it('tells the switch when an alert has been unsent for over ten minutes, and not before', async () => {
    deliver = () => ({ outcome: 'retry', error: 'away', mayHaveArrived: false, busy: false });
    for (const later of [0, 5, 10, 15]) {
      now = start + later * minute;
      await runWatchJob(job());
    }

    const address = 'https://hc.example/ping/id';
    expect(pinged).toEqual([address, address, address, `${address}/fail`]);
  });

  it('tells the switch, the ledger and its platform when the round fails', async () => {
    ledger.fault = ({ key }) => (key === 'incidents/state.json' ? 'fail' : undefined);

    await expect(runWatchJob(job())).rejects.toThrow('incidents/state.json failed');

    expect(outcomeOf(word)).toMatchObject({ outcome: 'failed' });
    expect(pinged).toEqual(['https://hc.example/ping/id/fail']);
  });

  it('is done although no word can be left of it', async () => {
    ledger.fault = ({ key }) => (key === word ? 'fail' : undefined);

    await runWatchJob(job());

    expect(warnings).toEqual([expect.stringContaining('word of this run')]);
    expect(pinged).toEqual(['https://hc.example/ping/id']);
  });

  it('warns of a switch that can not be pinged, without its address', async () => {
    vi.mocked(fetch).mockRejectedValue(new TypeError('fetch failed'));

    await runWatchJob(job());

    expect(warnings).toEqual(["the dead man's switch was not reached"]);
  });

  it('pings nobody where there is no switch, nor when it was told to stop', async () => {
    await runWatchJob(job({ heartbeat: undefined }));
    await expect(runWatchJob(job(), AbortSignal.abort(new Error('stopping')))).rejects.toThrow('stopping');

    expect(pinged).toEqual([]);
  });
});

describe('the job report', () => {
  it('writes the digest of the week just ended, the same when it runs again, and leaves word', async () => {
    await runWatchJob(job());
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
    // The Monday after the Saturday on which it was opened.
    const monday = Date.UTC(2026, 1, 2, 8);

    const first = await runReportJob(ledger, silent, monday);
    const kept = ledger.objects.get('reports/incidents/weekly/2026-W05.json');
    await runReportJob(ledger, silent, monday + 5 * minute);

    expect(first).toMatchObject({ week: '2026-W05', opened: [{ check: 'freshness' }] });
    expect(ledger.objects.get('reports/incidents/weekly/2026-W05.json')).toEqual(kept);
    expect(ledger.objects.get('reports/incidents/weekly/2026-W05.md')?.body.toString()).toContain(
      '# Incidents in 2026-W05',
    );
    expect(outcomeOf('reports/jobs/report.json')).toMatchObject({ outcome: 'done' });
  });

  it('says in the ledger that it failed', async () => {
    ledger.fault = ({ operation }) => (operation === 'list' ? 'fail' : undefined);
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

    await expect(runReportJob(ledger, silent, start)).rejects.toThrow('failed');

    expect(outcomeOf('reports/jobs/report.json')).toMatchObject({ outcome: 'failed' });
  });
});

describe('a round that throws', () => {
  const broken = { look: () => Promise.resolve([]), name: 'freshness' } as const;
  let told: string[];
  const paging = (): Channel => ({
    name: 'page',
    deliver: async ({ kind, severity, title }) => {
      told.push(`${kind} ${severity} ${title}`);
      return deliver();
    },
  });
  const failing = (changes: Partial<WatchJob> = {}): WatchJob => {
    const store = new LedgerIncidents(ledger);
    vi.spyOn(store, 'readState').mockRejectedValue(new TypeError('Reduce of empty array'));
    return job({ store, checks: () => [broken], channels: new Map([['page', paging()]]), ...changes });
  };

  beforeEach(() => {
    told = [];
  });

  it('is told to the channels at once, again after four hours, and not in between', async () => {
    for (const minutes of [0, 5, 100, 241]) {
      now = start + minutes * minute;
      // Each round in a process of its own: what was told stands in the ledger.
      await expect(runWatchJob(failing({ failedRounds: new FailedRounds() }))).rejects.toThrow(TypeError);
    }

    const page = 'trigger P1 Nothing is watched: the rounds of the watch fail (TypeError)';
    expect(told).toEqual([page, page]);
    expect(pinged).toEqual(Array(4).fill('https://hc.example/ping/id/fail'));
  });

  it('is told to be over by the first round that works', async () => {
    await expect(runWatchJob(failing({ failedRounds: new FailedRounds() }))).rejects.toThrow();
    told = [];
    const well = { checks: () => [broken], channels: new Map([['page', paging()]]) };
    for (let round = 0; round < 2; round += 1) {
      await runWatchJob(job({ ...well, failedRounds: new FailedRounds() }));
    }

    expect(told).toEqual(['resolve P1 The watch works again']);
  });

  it('is told also where the ledger takes no note, once a process', async () => {
    const failedRounds = new FailedRounds();
    ledger.fault = () => new LedgerError('closed', false);
    for (let round = 0; round < 3; round += 1) {
      await expect(runWatchJob(failing({ failedRounds }))).rejects.toThrow();
    }

    expect(told).toHaveLength(1);
  });

  it('because the ledger is away is told at the third time running', async () => {
    const failedRounds = new FailedRounds();
    ledger.fault = () => new LedgerError('away', true);
    for (let round = 1; round <= 3; round += 1) {
      await expect(
        runWatchJob(job({ channels: new Map([['page', paging()]]), failedRounds })),
      ).rejects.toThrow();
      expect(told).toHaveLength(round < 3 ? 0 : 1);
    }
  });
});
