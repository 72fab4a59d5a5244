import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

/**
 * A new directory, removed when everything is measured and not before: ext4 is slow to make files near those
 * that were removed in the last minutes.
 */
export function benchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cistern-bench-'));
  made.push(directory);
  return directory;
}

process.once('exit', () => {
  for (const directory of made) rmSync(directory, { recursive: true, force: true });
});
