import { objectKey } from '../../lib/archive/format/key.ts';
import type { PageLister } from '../../lib/archive/store/page-lister.ts';
import { type Config, parseConfig } from '../../lib/config/config.ts';
import type { Check } from '../../lib/findings/finding.ts';
import type { CountersReader } from '../../lib/metrics/counters-reader.ts';
import { freshnessCheck } from '../../lib/watch/checks/freshness/freshness.ts';
import { lossCheck } from '../../lib/watch/checks/loss/loss.ts';
import { expectedArchive } from '../../lib/watch/checks/retention/expected-buckets.ts';
import { retentionCheck } from '../../lib/watch/checks/retention/retention.ts';
import { channelsNamed, finding, minute } from './incident-steps.ts';
import { simulatedBucket } from './simulation-bucket.ts';
import { isIn, isWatched, nextLog, type SimulatedApp, type World } from './simulation-world.ts';

/** What the operator of a world has configured at a moment: apps are taken out one by one. */
export class SimulatedConfig {
  readonly #world: World;
  readonly #configs = new Map<number, Config>();

  constructor(world: World) {
    this.#world = world;
  }

  at(at: number): Config {
    const apps = this.#world.apps.filter((app) => isWatched(app, at));
    const config = this.#configs.get(apps.length) ?? configOf(apps);
    this.#configs.set(apps.length, config);
    return config;
  }
}

function configOf(apps: readonly SimulatedApp[]): Config {
  return parseConfig({
    infrequentAccessDays: 'never',
    alerts: {
      channels: channelsNamed('page', 'backup', 'boss'),
      routes: [{ channels: ['page'], fallback: ['backup'], escalate: ['boss'] }],
    },
    apps: apps.map(({ name, silenceMinutes, hours }) => ({
      name,
      silenceMinutes,
      ...(hours === undefined ? {} : { activeHours: hoursOf(hours) }),
    })),
  });
}

function hoursOf({ days, from, to }: NonNullable<SimulatedApp['hours']>): unknown {
  const time = (hours: number) => `${String(hours).padStart(2, '0')}:00`;
  return { days: [...days], from: time(from), to: time(to), zone: 'Europe/Berlin' };
}

/** The watch's own checks over a world as it is at a moment. Only the canary is told what it finds. */
export function simulatedChecks(world: World, config: Config, at: number): Check[] {
  const status = isIn(world.receiverDown, at) ? 'critical' : 'ok';
  const reader = simulatedBucket(world, at);
  return [
    freshnessCheck({ apps: config.apps, lister: new SimulatedKeys(world, at) }),
    retentionCheck({ buckets: [{ subject: 'archive', reader, expected: expectedArchive(config) }] }),
    lossCheck({ counters: new SimulatedCounters(world, at) }),
    { name: 'canary', look: async () => [finding('canary', 'canary', status)] },
  ];
}

/** The keys that the apps of a world have by now, made up when they are asked for; of the hour before the world too. */
class SimulatedKeys implements PageLister {
  readonly #world: World;
  readonly #now: number;

  constructor(world: World, now: number) {
    this.#world = world;
    this.#now = now;
  }

  async page(prefix: string, after: string, max: number): Promise<readonly string[]> {
    if (isIn(this.#world.blind, this.#now)) throw new Error('listing failed');
    const app = this.#world.apps.find(({ name }) => prefix === `logs/${name}/`);
    if (app === undefined) throw new Error(`nobody has keys under ${prefix}`);
    const keys: string[] = [];
    const oldest = this.#world.from - 60 * minute;
    const epoch = Number(/\d{13}/.exec(after)?.[0] ?? 0);
    let at = nextLog(this.#world, app, Math.max(oldest, epoch));
    while (at <= this.#now && keys.length < max) {
      const key = keyAt(app, at);
      if (key > after) keys.push(key);
      at = nextLog(this.#world, app, at + 1);
    }
    return keys;
  }
}

function keyAt({ name }: SimulatedApp, epochMs: number): string {
  return objectKey({ app: name, epochMs, uuid: '00000000-0123-80bc-8def-0123456789ab' });
}

/** What was lost, as far as counters show it by now. */
class SimulatedCounters implements CountersReader {
  readonly #losses: World['losses'];

  constructor(world: World, now: number) {
    this.#losses = world.losses.filter(({ visibleAt }) => visibleAt <= now);
  }

  async sums(
    queries: Parameters<CountersReader['sums']>[0],
    { from, to }: Parameters<CountersReader['sums']>[1],
  ): Promise<readonly ReadonlyMap<number, number>[]> {
    const losses = this.#losses.filter(({ at }) => from <= at && at < to);
    return queries.map(({ counter, app }) => {
      const sums = new Map<number, number>();
      for (const loss of losses) {
        if (counter !== 'messages-lost' || (app !== undefined && app !== loss.app)) continue;
        const period = loss.at - (loss.at % minute);
        sums.set(period, (sums.get(period) ?? 0) + loss.count);
      }
      return sums;
    });
  }

  async apps(): Promise<readonly string[]> {
    return [...new Set(this.#losses.map(({ app }) => app))];
  }
}
