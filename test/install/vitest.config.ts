import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: join(import.meta.dirname, '..', '..'),
    include: ['test/install/**/*.test.ts'],
    testTimeout: 60_000,
    // What npm installs comes from the registry.
    hookTimeout: 300_000,
  },
});
