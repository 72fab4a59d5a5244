import type { ScenarioSize, SystemName } from './scenario.ts';

/** How much a soak does: `small` in `npm test`, the others in `npm run test:soak`. */
export type SoakSize = 'small' | 'quick' | 'large';

export interface SoakPlan {
  readonly system: SystemName;
  readonly delivery: 'direct' | 'buffered';
  /** Runs against moto where there is one, and against our own fakes otherwise. */
  readonly moto: boolean;
  readonly size: ScenarioSize;
}

const shapes: Readonly<Record<SoakSize, Omit<ScenarioSize, 'batches'>>> = {
  small: { drains: 6, messagesPerBatch: 4, rounds: 1, outageMs: [200, 900], faults: 1 },
  quick: { drains: 20, messagesPerBatch: 6, rounds: 2, outageMs: [300, 1_500], faults: 0.5 },
  large: { drains: 20, messagesPerBatch: 6, rounds: 6, outageMs: [300, 4_000], faults: 0.3 },
};

/** Batches of each scenario. moto takes some 60 messages a second, which decides how many it gets. */
const batches: readonly (readonly [
  SystemName,
  'direct' | 'buffered',
  moto: boolean,
  Readonly<Record<SoakSize, number>>,
])[] = [
  ['serve', 'direct', false, { small: 240, quick: 2_000, large: 24_000 }],
  ['serve', 'buffered', false, { small: 240, quick: 3_000, large: 36_000 }],
  ['serve-bucket', 'direct', false, { small: 180, quick: 1_500, large: 12_000 }],
  ['serve-bucket', 'buffered', false, { small: 240, quick: 1_500, large: 12_000 }],
  ['lambda', 'direct', false, { small: 180, quick: 1_000, large: 6_000 }],
  ['lambda', 'buffered', false, { small: 180, quick: 1_000, large: 6_000 }],
  ['lambda', 'direct', true, { small: 0, quick: 500, large: 3_000 }],
  ['lambda', 'buffered', true, { small: 0, quick: 500, large: 3_000 }],
];

export function plansOf(size: SoakSize): readonly SoakPlan[] {
  return batches.flatMap(([system, delivery, moto, counts]) =>
    counts[size] === 0 ? [] : [{ system, delivery, moto, size: { ...shapes[size], batches: counts[size] } }],
  );
}
