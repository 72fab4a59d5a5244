import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** They take longest, and would keep one worker busy at the end while the others have nothing left. */
const longest = ['simulation.test.ts', 'soak.test.ts', 'cli-drain.test.ts', 'regrouped.test.ts'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => longest.some((name) => moduleId.endsWith(`/${name}`));
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}

export default defineConfig({
  test: {
    include: ['test/{unit,property,contract,infra,e2e,soak}/**/*.test.ts'],
    // The end-to-end tests wait more than they compute.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Hundreds of processes start in them: what they all load is compiled once, which halves a start.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'cistern-tests') },
    sequence: { sequencer: LongestFirst },
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
