import { setTimeout as wait } from 'node:timers/promises';
import { objectKey } from '../../lib/archive/format/key.ts';
import { parseConfig } from '../../lib/config/config.ts';
import { rulesOf } from '../../lib/incidents/rules/rules.ts';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { checksThrough } from '../../lib/jobs/watch-checks.ts';
import { type Round, runRound } from '../../lib/jobs/watch-round.ts';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { accepted, appName } from '../support/incident-steps.ts';
import { MemoryArchive } from '../support/memory-archive.ts';
import { MemoryLedger } from '../support/memory-ledger.ts';
import { MemoryPageLister } from '../support/memory-page-lister.ts';
import { MemoryParameters } from '../support/memory-parameters.ts';
import { ScriptedCounters } from '../support/scripted-counters.ts';
import { atMost, type Benchmark } from './figure.ts';

/**
 * Whole rounds over 100 apps that are all silent and have all lost messages, every check but the canary, where
 * store, ledger, counters and channel answer after 50 ms each: the slowest of one that opens incidents, one that
 * has to tell of nothing new, and one that ends them.
 */
export const watchManyApps: Benchmark = {
  figures: ['watch-100-apps'],
  async run() {
    const stage = new SlowStage();
    const seconds: number[] = [];
    const verbs: string[] = [];
    for (const at of [start, start + 5 * minuteMs, start + 90 * minuteMs, start + 95 * minuteMs]) {
      if (at > start + hourMs) stage.recover(at);
      const started = performance.now();
      const { events } = await stage.round(at);
      seconds.push((performance.now() - started) / 1000);
      verbs.push(...events.map(({ verb }) => verb));
    }
    // A time says nothing where the round found nothing.
    for (const verb of ['opened', 'mitigated', 'resolved']) {
      if (!verbs.includes(verb)) throw new Error(`nothing was ${verb}: ${verbs}`);
    }
    const remark = `${stage.lists} lists, ${stage.calls} calls of the ledger in ${seconds.length} rounds, the slowest`;
    return [atMost(5, { name: 'watch-100-apps', value: Math.max(...seconds), unit: 's', remark })];
  },
};

const latencyMs = 50;
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const start = Date.UTC(2026, 10, 20, 12);
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

class SlowStage {
  readonly #names = Array.from({ length: 100 }, (_, n) => appName(`app-${String(n).padStart(3, '0')}`));
  readonly #config = parseConfig({
    apps: this.#names.map((name) => ({ name })),
    alerts: { channels: { page: { type: 'webhook' } } },
  });
  readonly #counters = new ScriptedCounters();
  readonly #ledger = new MemoryLedger();
  #lister = this.#listerOf(start - hourMs);
  lists = 0;

  constructor() {
    const at = start - minuteMs;
    this.#counters.add(
      ...this.#names.map((app) => ({ counter: 'messages-lost', app, count: 5, at }) as const),
    );
  }

  get calls(): number {
    return this.#ledger.calls.length;
  }

  /** Every app has sent just now. */
  recover(now: number): void {
    this.#lister = this.#listerOf(now - minuteMs);
  }

  async round(now: number): Promise<Round> {
    this.#counters.now = now;
    const ledger = slowLedger(this.#ledger);
    const store = new LedgerIncidents(ledger);
    const deliver = async () => {
      await wait(latencyMs);
      return accepted;
    };
    const channels = new Map([['page', { name: 'page', deliver }]]);
    const checks = checksThrough({
      config: this.#config,
      parameters: new MemoryParameters(),
      archive: new MemoryArchive(),
      lister: this.#lister,
      ledger,
      incidents: store,
      retention: {},
      spool: { status: async () => ({ waiting: 0, underWay: 0, deadLetters: 0 }) },
      counters: {
        sums: async (queries, range) => {
          await wait(latencyMs);
          return this.#counters.sums(queries, range);
        },
        apps: async () => {
          await wait(latencyMs);
          return this.#counters.apps();
        },
      },
      target: '--stage bench',
      opened: { channels, broken: [] },
      canary: false,
    });
    const watch = { store, checks, channels, rules: rulesOf(this.#config), log: silent, now: () => now };
    const round = await runRound(watch, { checksMs: 60_000, deliveryMs: 30_000 });
    this.lists += this.#lister.requests.splice(0).length;
    return round;
  }

  #listerOf(epochMs: number): MemoryPageLister {
    const uuid = '00000000-0123-80bc-8def-0123456789ab';
    const keys = this.#names.map((app) => objectKey({ app, epochMs, uuid }));
    return new MemoryPageLister(keys, { latencyMs });
  }
}

function slowLedger(ledger: MemoryLedger): Ledger {
  const late = async <T>(call: () => Promise<T>): Promise<T> => {
    await wait(latencyMs);
    return call();
  };
  return {
    read: (key) => late(() => ledger.read(key)),
    create: (key, body) => late(() => ledger.create(key, body)),
    replace: (key, body, version) => late(() => ledger.replace(key, body, version)),
    async *list(prefix, after) {
      await wait(latencyMs);
      yield* ledger.list(prefix, after);
    },
  };
}
