import { describe, expect, test } from 'vitest';
import { AlertsCheck } from '../../../lib/alerts/alerts-check.ts';
import type { Channel } from '../../../lib/alerts/channels/channel.ts';
import { parseConfig } from '../../../lib/config/config.ts';
import { rulesOf } from '../../../lib/incidents/rules/rules.ts';
import { runRound, type Watch } from '../../../lib/jobs/watch-round.ts';
import { minute, start } from '../../support/incident-steps.ts';
import { limits, WatchWorld } from '../../support/watch-world.ts';

describe('a round', () => {
  test('pages when a drain stops, and resolves the page when it is back', async () => {
    const world = new WatchWorld();
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
    const world = new WatchWorld();
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
    const world = new WatchWorld();
    world.status = 'critical';
    world.ledger.fault = ({ operation }) => (operation === 'replace' ? 'fail' : undefined);
    await expect(world.round()).rejects.toThrow('replace incidents/state.json failed');
    expect(world.told).toEqual([]);
  });

  test('keeps what a channel did not take, and tells it in the next round', async () => {
    const world = new WatchWorld();
    world.status = 'critical';
    world.deliver = () => ({ outcome: 'retry', error: '503', mayHaveArrived: false, busy: false });
    await world.round();
    world.deliver = () => ({ outcome: 'accepted' });
    await world.round();
    expect(world.told).toMatchObject([{ kind: 'trigger', at: start + 5 * minute }]);
  });

  test('a check that throws, or never ends, is unknown and holds up nothing', async () => {
    const world = new WatchWorld();
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
    const world = new WatchWorld();
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
    const world = new WatchWorld();
    world.status = 'critical';
    await expect(
      runRound(world.watch(), { ...limits, signal: AbortSignal.abort(new Error('stopping')) }),
    ).rejects.toThrow('stopping');
    expect(world.ledger.objects.size).toBe(0);
    expect(world.told).toEqual([]);
  });

  test('sets aside a state that it cannot read, says so, and goes on', async () => {
    const world = new WatchWorld();
    world.ledger.put('incidents/state.json', '{"version":1,"subjects":');
    world.status = 'critical';
    await world.round();
    const copies = [...world.ledger.objects].filter(([key]) => key.startsWith('incidents/set-aside/'));
    expect(copies.map(([, { body }]) => body.toString())).toEqual(['{"version":1,"subjects":']);
    expect(world.told.map(({ check }) => check).sort()).toEqual(['freshness', 'records']);
  });
});

test('a channel that rejects is told of through another, and resolved once it takes alerts', async () => {
  const world = new WatchWorld();
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
