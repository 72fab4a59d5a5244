import { describe, expect, test } from 'vitest';
import { AlertsCheck } from '../../lib/alerts/alerts-check.ts';
import type { Channel, Delivery } from '../../lib/alerts/channel.ts';
import { parseConfig } from '../../lib/config.ts';
import type { Alert } from '../../lib/incidents/alert.ts';
import { LedgerIncidents } from '../../lib/incidents/ledger-incidents.ts';
import { foldTimeline } from '../../lib/incidents/record.ts';
import { recordsCheck } from '../../lib/incidents/records-check.ts';
import { rulesOf } from '../../lib/incidents/rules.ts';
import { type Round, runRound, type Watch } from '../../lib/scheduled/watch-round.ts';
import type { Check, Finding } from '../../lib/watch/finding.ts';
import { MemoryLedger } from '../support/memory-ledger.ts';

const start = Date.UTC(2026, 0, 31, 9, 15);
const minute = 60_000;
const limits = { checksMs: 1_000, deliveryMs: 5_000 };
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** A watch over one app whose drain a test stops and starts, and over one channel. */
class World {
  readonly ledger = new MemoryLedger();
  readonly told: Alert[] = [];
  now = start;
  status: Finding['status'] = 'ok';
  deliver: () => Delivery | Promise<Delivery> = () => ({ outcome: 'accepted' });
  checks: Check[] = [{ name: 'freshness', look: async () => [this.finding()] }];

  /** Only where it matters, so that other tests count their own calls. */
  checksOf(setAside: string | undefined): Check[] {
    return setAside === undefined
      ? []
      : [recordsCheck({ store: new LedgerIncidents(this.ledger), setAside })];
  }

  finding(): Finding {
    const summary = this.status === 'ok' ? 'shop sends' : 'shop is silent';
    return {
      check: 'freshness',
      subject: 'shop',
      status: this.status,
      summary,
      evidence: {},
      remedy: 'look',
    };
  }

  watch(): Watch {
    const channel: Channel = {
      name: 'on-call',
      deliver: async (alert) => {
        const delivery = await this.deliver();
        if (delivery.outcome === 'accepted') this.told.push(alert);
        return delivery;
      },
    };
    return {
      store: new LedgerIncidents(this.ledger, () => this.now),
      checks: ({ setAside }) => [...this.checks, ...this.checksOf(setAside)],
      channels: new Map([[channel.name, channel]]),
      rules: rulesOf(parseConfig({ alerts: { channels: { 'on-call': { type: 'slack' } } } })),
      log: silent,
      now: () => this.now,
    };
  }

  round(afterMinutes = 5): Promise<Round> {
    this.now += afterMinutes * minute;
    return runRound(this.watch(), limits);
  }

  async records() {
    const store = new LedgerIncidents(this.ledger);
    const ids = await Array.fromAsync(store.ids());
    return Promise.all(
      ids.map(async (id) => {
        const { events, unreadable } = await store.timeline(id);
        return { id, verbs: events.map(({ verb }) => verb), unreadable, record: foldTimeline(events) };
      }),
    );
  }

  async state() {
    return (await new LedgerIncidents(this.ledger).readState())?.state;
  }
}

describe('a round', () => {
  test('pages when a drain stops, and resolves the page when it is back', async () => {
    const world = new World();
    await world.round();
    expect(world.told).toEqual([]);

    world.status = 'critical';
    const bad = await world.round();
    expect(bad.events.map(({ verb }) => verb)).toEqual(['opened']);
    expect(world.told.map(({ kind, severity }) => [kind, severity])).toEqual([['trigger', 'P1']]);

    world.status = 'ok';
    await world.round();
    await world.round();
    expect(world.told.map(({ kind }) => kind)).toEqual(['trigger', 'resolve']);
    expect(new Set(world.told.map(({ incident }) => incident)).size).toBe(1);
    expect(await world.records()).toMatchObject([
      { verbs: ['opened', 'resolved'], unreadable: [], record: { status: 'resolved' } },
    ]);
  });

  test('stores the state before anybody is told', async () => {
    const world = new World();
    world.status = 'critical';
    let unsentWhenTold: number | undefined;
    world.deliver = async () => {
      unsentWhenTold = (await world.state())?.unsent.length;
      return { outcome: 'accepted' };
    };
    await world.round();
    expect(unsentWhenTold).toBe(1);
    expect((await world.state())?.unsent).toEqual([]);
  });

  test('tells nobody of what it could not store, and says that it failed', async () => {
    const world = new World();
    world.status = 'critical';
    world.ledger.fault = ({ operation }) => (operation === 'replace' ? 'fail' : undefined);
    await expect(world.round()).rejects.toThrow('replace incidents/state.json failed');
    expect(world.told).toEqual([]);
  });

  test('keeps what a channel did not take, and tells it in the next round', async () => {
    const world = new World();
    world.status = 'critical';
    world.deliver = () => ({ outcome: 'retry', error: '503', mayHaveArrived: false, busy: false });
    await world.round();
    world.deliver = () => ({ outcome: 'accepted' });
    await world.round();
    expect(world.told).toMatchObject([{ kind: 'trigger', at: start + 5 * minute }]);
  });

  test('a check that throws, or never ends, is unknown and holds up nothing', async () => {
    const world = new World();
    world.status = 'critical';
    world.checks.push({ name: 'drain', look: async () => Promise.reject(new Error('no way')) });
    world.checks.push({ name: 'volume', look: () => new Promise(() => undefined) });
    world.checks.push({ name: 'jobs', look: async () => undefined });
    const { results } = await runRound(world.watch(), { ...limits, checksMs: 20 });
    expect(world.told).toHaveLength(1);
    expect(results).toMatchObject([
      { check: 'freshness', findings: [{ status: 'critical' }] },
      { check: 'drain', failure: 'no way' },
      { check: 'volume', failure: expect.stringContaining('took longer') },
    ]);
  });

  test('gives a check what it remembered', async () => {
    const world = new World();
    const seen: unknown[] = [];
    world.checks = [
      {
        name: 'freshness',
        look: async (look) => {
          seen.push(look.remembered('shop'));
          return [{ ...world.finding(), memory: { lastKey: `key ${seen.length}` } }];
        },
      },
    ];
    await world.round();
    await world.round();
    await world.round();
    expect(seen).toEqual([undefined, { lastKey: 'key 1' }, { lastKey: 'key 2' }]);
  });

  test('given up while it looks, it changes nothing', async () => {
    const world = new World();
    world.status = 'critical';
    await expect(
      runRound(world.watch(), { ...limits, signal: AbortSignal.abort(new Error('stopping')) }),
    ).rejects.toThrow('stopping');
    expect(world.ledger.objects.size).toBe(0);
    expect(world.told).toEqual([]);
  });

  test('sets aside a state that it cannot read, says so, and goes on', async () => {
    const world = new World();
    world.ledger.put('incidents/state.json', '{"version":1,"subjects":');
    world.status = 'critical';
    await world.round();
    const copies = [...world.ledger.objects].filter(([key]) => key.startsWith('incidents/set-aside/'));
    expect(copies.map(([, { body }]) => body.toString())).toEqual(['{"version":1,"subjects":']);
    expect(world.told.map(({ check }) => check).sort()).toEqual(['freshness', 'records']);
  });
});

test('a state of which a part can not be read goes on with the rest: the page that is open is resolved', async () => {
  const world = new World();
  world.status = 'critical';
  await world.round();
  const stored = world.ledger.objects.get('incidents/state.json')?.body.toString() ?? '';
  world.ledger.put('incidents/state.json', stored.replace('"mutes": []', '"mutes": [1]'));
  world.status = 'ok';
  await world.round();
  await world.round();
  expect(world.told.map(({ check, kind }) => `${check} ${kind}`)).toEqual([
    'freshness trigger',
    'records trigger',
    'freshness resolve',
  ]);
});

test('a state that may have been stored is read again: the page goes out in this round, once', async () => {
  for (const fault of ['fail', 'carry out, then fail'] as const) {
    const world = new World();
    world.status = 'critical';
    let failed = false;
    world.ledger.fault = ({ operation }) => {
      if (operation !== 'replace' || failed) return undefined;
      failed = true;
      return fault;
    };
    const { events } = await world.round();
    expect(events.map(({ verb }) => verb)).toEqual(['opened']);
    expect(world.told).toHaveLength(1);
    expect(await world.records()).toMatchObject([{ verbs: ['opened'] }]);
  }
});

test('a channel that rejects is told of through another, and resolved once it takes alerts', async () => {
  const world = new World();
  world.status = 'critical';
  let rejects = true;
  const told: string[] = [];
  const chat: Channel = {
    name: 'chat',
    deliver: async ({ check, subjects, kind }) => {
      told.push(`${check} ${subjects.join()} ${kind}`);
      return { outcome: 'accepted' };
    },
  };
  const broken: Channel = {
    name: 'pages',
    deliver: async () =>
      rejects ? { outcome: 'rejected', error: 'the routing key is unknown' } : { outcome: 'accepted' },
  };
  const channels = { chat: { type: 'slack' }, pages: { type: 'pagerduty' } };
  const watch: Watch = {
    ...world.watch(),
    channels: new Map([chat, broken].map((each) => [each.name, each])),
    rules: rulesOf(parseConfig({ alerts: { channels } })),
    checks: ({ state }) => [
      ...world.checks,
      new AlertsCheck({
        channels: ['chat', 'pages'],
        wanted: true,
        broken: [],
        unsent: state.unsent,
        topics: new Map(),
      }),
    ],
  };
  const rounds = async (count: number) => {
    for (let left = count; left > 0; left -= 1) {
      world.now += 5 * minute;
      await runRound(watch, limits);
    }
    return told.splice(0);
  };
  expect(await rounds(1)).toEqual(['freshness shop trigger']);
  expect(await rounds(1)).toEqual(['alerts pages trigger']);
  expect(await rounds(3)).toEqual([]);
  rejects = false;
  expect(await rounds(3)).toEqual(['alerts pages resolve']);
  expect((await world.state())?.unsent).toEqual([]);
});

test('a timeline that hangs does not keep what was told from being stored', async () => {
  const world = new World();
  world.status = 'critical';
  world.ledger.fault = ({ operation }) => (operation === 'create' ? 'hang' : undefined);
  world.now += 5 * minute;
  await runRound(world.watch(), { checksMs: 1_000, deliveryMs: 1_050 });
  expect(world.told).toHaveLength(1);
  expect(await world.state()).toMatchObject({ unsent: [], unrecorded: [{ verb: 'opened' }] });
});

test('a run whose clock was years ahead does not stop those after it', async () => {
  const world = new World();
  world.status = 'critical';
  const remembered: unknown[] = [];
  world.checks = [
    {
      name: 'freshness',
      look: async (look) => {
        remembered.push(look.remembered('shop'));
        return [{ ...world.finding(), memory: { lookedAt: look.now } }];
      },
    },
  ];
  const years = 4 * 365 * 24 * 60;
  await world.round(years);
  world.now -= years * minute;
  await world.round();
  await world.round(245);
  world.status = 'ok';
  await world.round();
  await world.round();
  expect(world.told.map(({ kind, reason }) => `${kind} ${reason}`)).toEqual([
    'trigger opened',
    'trigger reminder',
    'resolve resolved',
  ]);
  expect(remembered.slice(0, 3)).toEqual([undefined, undefined, { lookedAt: start + 5 * minute }]);
  expect(await world.records()).toMatchObject([
    { verbs: ['opened', 'resolved'], record: { status: 'resolved' } },
  ]);
});

describe('two rounds at once', () => {
  test('make one incident, and lose none of the two findings', async () => {
    const world = new World();
    world.status = 'critical';
    world.now += 5 * minute;
    await Promise.all([runRound(world.watch(), limits), runRound(world.watch(), limits)]);
    expect(await world.records()).toMatchObject([{ verbs: ['opened'] }]);
    expect(new Set(world.told.map(({ incident }) => incident)).size).toBe(1);
    expect(await world.state()).toMatchObject({ unsent: [], unrecorded: [] });
  });

  test('a loser reconciles with what the winner stored', async () => {
    const world = new World();
    world.status = 'critical';
    let others = 3;
    world.ledger.fault = ({ operation, key }) => {
      const object = world.ledger.objects.get(key);
      if (operation === 'replace' && key === 'incidents/state.json' && object !== undefined && others > 0) {
        others -= 1;
        world.ledger.put(key, object.body);
      }
      return undefined;
    };
    await world.round();
    await world.round();
    expect(others).toBe(0);
    expect(await world.records()).toMatchObject([{ verbs: ['opened'] }]);
    expect(world.told).toHaveLength(1);
  });
});

describe('a round that dies', () => {
  /** How many calls of the ledger a whole round makes that opens an incident, and one that resolves it. */
  async function callsOf(prepare: (world: World) => Promise<void>): Promise<number> {
    const world = new World();
    await prepare(world);
    const before = world.ledger.calls.length;
    await world.round();
    return world.ledger.calls.length - before;
  }

  const opening = async (world: World) => {
    await world.round();
    world.status = 'critical';
  };
  const resolving = async (world: World) => {
    await opening(world);
    await world.round();
    world.status = 'ok';
    await world.round();
  };

  test.for([
    { name: 'opening', prepare: opening, verbs: ['opened'], kinds: ['trigger'] },
    { name: 'resolving', prepare: resolving, verbs: ['opened', 'resolved'], kinds: ['trigger', 'resolve'] },
  ])('at any call of the ledger while $name is finished by the next', async ({ prepare, verbs, kinds }) => {
    const calls = await callsOf(prepare);
    expect(calls).toBeGreaterThan(4);
    for (const fault of ['fail', 'carry out, then fail'] as const) {
      for (let dies = 1; dies <= calls; dies += 1) {
        const world = new World();
        await prepare(world);
        const first = world.ledger.calls.length + dies;
        world.ledger.fault = (_, number) => {
          if (number < first) return undefined;
          return number === first ? fault : 'fail';
        };
        await world.round().catch(() => undefined);
        world.ledger.fault = () => undefined;
        await world.round();

        const at = `${fault} at call ${dies}`;
        const [record, ...others] = await world.records();
        expect(others, at).toEqual([]);
        expect(record?.verbs, at).toEqual(verbs);
        // Told twice at the most, by the incident's one name, and never out of order.
        expect([...new Set(world.told.map(({ kind }) => kind))], at).toEqual(kinds);
        expect(new Set(world.told.map(({ incident }) => incident)).size, at).toBe(1);
        expect(await world.state(), at).toMatchObject({ unsent: [], unrecorded: [] });
      }
    }
  });
});
