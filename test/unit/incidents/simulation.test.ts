import { expect, test } from 'vitest';
import { simulate } from '../../support/simulation-run.ts';
import { problems } from '../../support/simulation-verdict.ts';
import { simulatedWorld } from '../../support/simulation-world.ts';

/**
 * Four weeks around each change of the clocks in Europe. Each world ends with a Monday and a Tuesday on which all
 * goes well: apps that log on working days alone can recover then.
 */
const spring = Date.UTC(2026, 2, 18);
const autumn = Date.UTC(2026, 9, 14);
const shorter = Date.UTC(2026, 9, 18);

/** Another world: `CISTERN_SEED=123 npx vitest run test/unit/incidents/simulation.test.ts`. */
const seed = process.env['CISTERN_SEED'];
const seeds = seed === undefined ? [101, 102] : [Number(seed)];

test.each([
  ['spring', 1, spring, 28, 6],
  ['autumn', 2, autumn, 28, 6],
  ['forty at once', 3, Date.UTC(2026, 2, 21), 4, 44],
  ...seeds.map((seed) => [`a week and a half`, seed, shorter, 10, 10] as const),
] as const)(
  '%s: every outage is paged, nothing else, and nothing is lost (seed %i)',
  async (_, seed, from, days, apps) => {
    const world = simulatedWorld(seed, from, days, apps);
    const again = `CISTERN_SEED=${seed} npx vitest run test/unit/incidents/simulation.test.ts -t 'seed ${seed}'`;
    expect(problems(await simulate(world, seed)), `again: ${again}`).toEqual([]);
  },
  60_000,
);
