import { jobs } from '../../lib/jobs/jobs.ts';
import { minute } from '../support/incident-steps.ts';
import { Life } from '../support/simulation-life.ts';
import { Model, type Outage } from '../support/simulation-model.ts';
import { type Outcome, simulate } from '../support/simulation-run.ts';
import { isIn, lastLog, simulatedWorld, type World } from '../support/simulation-world.ts';
import { atMost, type Benchmark, type Effort } from './figure.ts';

/**
 * In the simulation, minutes from the moment at which an app has been silent for too long, or the bucket is
 * weaker than it should be, to the page: the worst of all outages, where each run takes all the time that its
 * checks may have before it tells. Every run comes, each once, the channel works, and nothing is muted.
 */
export const pageDelay: Benchmark = {
  figures: ['page-delay'],
  async run(effort) {
    const delays: number[] = [];
    for (const seed of seeds[effort]) delays.push(...delaysIn(await simulate(undisturbed(seed), seed)));
    if (delays.length < 50) throw new Error(`only ${delays.length} outages`);
    const worst = Math.max(...delays) + checksMs;
    const remark = `the worst of ${delays.length} outages; ${checksMs / minute} min of it are the run's own`;
    return [atMost(6, { name: 'page-delay', value: worst / minute, unit: 'min', remark })];
  },
};

const seeds: Readonly<Record<Effort, readonly number[]>> = { quick: [1], full: [1, 2, 3, 4] };
const checksMs = (jobs.watch.timeoutSeconds / 2) * 1000;

function undisturbed(seed: number): World {
  const world = simulatedWorld(seed, Date.UTC(2026, 9, 14), 8, 20);
  const apps = world.apps.map(({ hours: _, removedAt: __, ...app }) => app);
  return { ...world, apps, calmFrom: world.from, blind: [], mutes: [], losses: [], channelFaults: new Map() };
}

function delaysIn(outcome: Outcome): number[] {
  const model = new Model(outcome);
  const timelines = Map.groupBy(outcome.recorded.values(), ({ incident }) => incident);
  const lives = [...timelines.values()].map((events) => new Life(events, outcome.arrivals));
  return model.outages
    .filter(({ key }) => !key.startsWith('canary '))
    .map((outage) => {
      const life = lives.find((each) => each.isAbout(outage.key, outage.start));
      const span = life?.spans.findLast(({ from }) => from <= outage.start);
      const page = life?.arrivals.find(
        ({ alert, at }) => alert.kind === 'trigger' && at >= (span?.from ?? at),
      );
      if (page === undefined) throw new Error(`nobody was paged of ${outage.key}`);
      // It joined an incident that somebody is at already.
      return Math.max(0, page.at - crossingOf(outcome.world, outage));
    });
}

function crossingOf(world: World, { key, start }: Outage): number {
  const app = world.apps.find(({ name }) => key === `freshness ${name}`);
  if (app !== undefined) return lastLog(world, app, start) + app.silenceMinutes * minute;
  return world.wrongBucket.find((span) => isIn([span], start))?.from ?? start;
}
