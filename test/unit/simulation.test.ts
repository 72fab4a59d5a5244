import { expect, test } from 'vitest';
import { simulate } from '../support/simulation-run.ts';
import { problems } from '../support/simulation-verdict.ts';
import { simulatedWorld } from '../support/simulation-world.ts';

/** Four weeks around each change of the clocks in Europe. */
const spring = Date.UTC(2026, 2, 16);
const autumn = Date.UTC(2026, 9, 12);

test.each([
  ['spring', 1, spring, 28, 8],
  ['autumn', 2, autumn, 28, 8],
  ['forty at once', 3, spring, 6, 44],
  ...[101, 102, 103, 104, 105, 106].map((seed) => [`a week and a half`, seed, autumn, 10, 10] as const),
] as const)(
  '%s: every outage is paged, nothing else, and nothing is lost (seed %i)',
  (_, seed, from, days, apps) => {
    const world = simulatedWorld(seed, from, days, apps);
    expect(problems(simulate(world, seed))).toEqual([]);
  },
);
