import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,property,contract,infra,e2e,soak}/**/*.test.ts'],
    // The end-to-end tests wait more than they compute.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Hundreds of processes start in them: what they all load is compiled once, which halves a start.
    env: { NODE_COMPILE_CACHE: join(import.meta.dirname, 'node_modules', '.cache', 'cistern-tests') },
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
