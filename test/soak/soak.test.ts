import { afterAll, describe, expect, test } from 'vitest';
import { startBucketSystem } from './bucket-system.ts';
import { startLambdaSystem } from './lambda-system.ts';
import { runScenario } from './run-scenario.ts';
import { type Scenario, scenarioOf } from './scenario.ts';
import { startServeSystem } from './serve-system.ts';
import { plansOf, type SoakPlan, type SoakSize } from './sizes.ts';
import { type SoakAws, startFakes, startOnMoto } from './soak-aws.ts';
import type { SoakSystem } from './system.ts';
import { Tally } from './tally.ts';

/**
 * The soak (CONTRIBUTING.md, *The soak*): senders, a whole Cistern, and everything that can happen between them.
 * Other worlds: `CISTERN_SEED=7` or `CISTERN_SEED=1-50`.
 */
const soakSize = sizeOf(process.env['CISTERN_SOAK']);
/** In `npm test` it says nothing of what is well. */
const tells = soakSize !== 'small' || process.env['CISTERN_SEED'] !== undefined;
const total = new Tally();

afterAll(() => {
  if (tells) say(`in all: ${total}`);
});

const group = soakSize === 'small' ? describe.concurrent : describe;

group('whatever happens, what was acknowledged is read once and as it was sent', () => {
  const runs = seedsOf(process.env['CISTERN_SEED']).flatMap((seed) =>
    plansOf(soakSize).map((plan) => ({ seed, plan, name: `${nameOf(plan)} (seed ${seed})` })),
  );
  test.each(runs)('$name', { timeout: 900_000 }, async ({ seed, plan }) => {
    const scenario = scenarioOf(seed, plan.system, plan.delivery, plan.size);
    const tally = new Tally();
    const started = performance.now();
    const problems = await runScenario(scenario, await startSystem(scenario, plan), tally);
    total.merge(tally);
    if (tells) {
      say(`${nameOf(plan)} (seed ${seed}), ${Math.round((performance.now() - started) / 1000)} s: ${tally}`);
    }
    expect(problems, `again: ${replay(seed, plan)}`).toEqual([]);
    expect(tally.get('acknowledged'), 'a soak of which nothing got through proves nothing').toBeGreaterThan(
      tally.get('batches') / 4,
    );
  });
});

async function startSystem(scenario: Scenario, { moto }: SoakPlan): Promise<SoakSystem> {
  switch (scenario.system) {
    case 'serve':
      return startServeSystem(scenario);
    case 'serve-bucket':
      return startBucketSystem(scenario, await startFakes());
    case 'lambda':
      return startLambdaSystem(scenario, moto ? await startMoto() : await startFakes());
  }
}

function startMoto(): Promise<SoakAws> {
  const url = process.env['AWS_ENDPOINT_URL'];
  if (url === undefined) throw new Error('there is no moto: npm run test:soak starts one');
  return startOnMoto(new URL(url));
}

function nameOf({ system, delivery, moto }: SoakPlan): string {
  return `${system}, ${delivery}${moto ? ', moto' : ''}`;
}

function replay(seed: number, plan: SoakPlan): string {
  const only = `-t '${nameOf(plan)} .seed ${seed}.'`;
  return soakSize === 'small'
    ? `CISTERN_SEED=${seed} npx vitest run test/soak ${only}`
    : `CISTERN_SEED=${seed} npm run test:soak -- ${soakSize === 'quick' ? '--quick ' : ''}${only}`;
}

function sizeOf(text = 'small'): SoakSize {
  if (text === 'small' || text === 'quick' || text === 'large') return text;
  throw new Error(`CISTERN_SOAK=${text}: small, quick or large`);
}

/** `7`, or `1-50`. */
function seedsOf(text = '1'): number[] {
  const [first = Number.NaN, last = first] = text.split('-').map(Number);
  if (!(first <= last)) throw new Error(`CISTERN_SEED=${text}: give a number, or a range such as 1-50`);
  return Array.from({ length: last - first + 1 }, (_, n) => first + n);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
