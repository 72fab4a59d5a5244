import { describe, expect, test } from 'vitest';
import { runRound } from '../../../lib/jobs/watch-round.ts';
import { minute, start } from '../../support/incident-steps.ts';
import { limits, WatchWorld } from '../../support/watch-world.ts';

test('a state of which a part can not be read goes on with the rest: the page that is open is resolved', async () => {
  const world = new WatchWorld();
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
    const world = new WatchWorld();
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

test('a timeline that hangs does not keep what was told from being stored', async () => {
  const world = new WatchWorld();
  world.status = 'critical';
  world.ledger.fault = ({ operation }) => (operation === 'create' ? 'hang' : undefined);
  world.now += 5 * minute;
  await runRound(world.watch(), { checksMs: 1_000, deliveryMs: 1_050 });
  expect(world.told).toHaveLength(1);
  expect(await world.state()).toMatchObject({ unsent: [], unrecorded: [{ verb: 'opened' }] });
});

test('a run whose clock was years ahead does not stop those after it', async () => {
  const world = new WatchWorld();
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
    const world = new WatchWorld();
    world.status = 'critical';
    world.now += 5 * minute;
    await Promise.all([runRound(world.watch(), limits), runRound(world.watch(), limits)]);
    expect(await world.records()).toMatchObject([{ verbs: ['opened'] }]);
    expect(new Set(world.told.map(({ incident }) => incident)).size).toBe(1);
    expect(await world.state()).toMatchObject({ unsent: [], unrecorded: [] });
  });

  test('a loser reconciles with what the winner stored', async () => {
    const world = new WatchWorld();
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
  async function callsOf(prepare: (world: WatchWorld) => Promise<void>): Promise<number> {
    const world = new WatchWorld();
    await prepare(world);
    const before = world.ledger.calls.length;
    await world.round();
    return world.ledger.calls.length - before;
  }

  const opening = async (world: WatchWorld) => {
    await world.round();
    world.status = 'critical';
  };
  const resolving = async (world: WatchWorld) => {
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
        const world = new WatchWorld();
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
