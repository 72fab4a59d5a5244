import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../lib/findings/finding.ts';
import type { DirectoryReader, DirectoryState } from '../../../lib/watch/checks/retention/data-directory.ts';
import { DirectorySpace } from '../../../lib/watch/checks/retention/directory/directory-space.ts';
import { retentionCheck } from '../../../lib/watch/checks/retention/retention.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const mib = 1024 * 1024;
const gib = 1024 * mib;

async function find(reader: DirectoryReader): Promise<Finding> {
  const [finding] =
    (await retentionCheck({ directories: [{ subject: 'directory', reader }] }).look({
      now: 0,
      signal: AbortSignal.timeout(10_000),
      remembered: () => undefined,
      rememberedSubjects: () => [],
    })) ?? [];
  if (finding === undefined) throw new Error('expected a finding');
  return finding;
}

function fixed(state: Partial<DirectoryState>): DirectoryReader {
  return {
    path: '/srv/cistern',
    read: async () => ({ freeBytes: 50 * gib, totalBytes: 100 * gib, mode: 0o700, ...state }),
  };
}

describe('free space', () => {
  it.each([
    [10 * gib, 100 * gib, 'ok'],
    [10 * gib - 1, 100 * gib, 'warning'],
    [2 * gib, 100 * gib, 'warning'],
    [2 * gib - 1, 100 * gib, 'critical'],
    [gib, 2 * gib, 'ok'],
    [gib - 1, 2 * gib, 'warning'],
    [200 * mib, 2 * gib, 'warning'],
    [200 * mib - 1, 2 * gib, 'critical'],
    [0, 0, 'critical'],
  ] as const)('%i bytes of %i: %s', async (freeBytes, totalBytes, status) => {
    expect(await find(fixed({ freeBytes, totalBytes }))).toMatchObject({ subject: 'directory', status });
  });

  it('says how much is left', async () => {
    expect((await find(fixed({ freeBytes: gib }))).summary).toBe(
      'Data directory /srv/cistern: nearly no space: 1024 MiB (1.0 %) left',
    );
  });
});

it.each([
  [0o700, 'ok'],
  [undefined, 'ok'],
  [0o750, 'warning'],
  [0o701, 'warning'],
  [0o500, 'warning'],
] as const)('mode %o: %s', async (mode, status) => {
  expect(await find(fixed({ mode }))).toMatchObject({ status });
});

describe('a real directory', () => {
  it('has its mode and the space of its file system', async () => {
    const directory = temporaryDirectory();
    const reader = new DirectorySpace(directory);
    await chmod(directory, 0o700);

    const state = await reader.read();

    expect(state).toMatchObject({ mode: 0o700 });
    if ('failure' in state) throw new Error(state.failure);
    expect(state.freeBytes).toBeGreaterThan(0);
    expect(state.totalBytes).toBeGreaterThanOrEqual(state.freeBytes);

    await chmod(directory, 0o755);
    expect(JSON.stringify(await find(reader))).toContain(`chmod 700 ${directory}`);
  });

  it('is unknown when it is not there', async () => {
    const reader = new DirectorySpace(join(temporaryDirectory(), 'gone'));

    expect(await find(reader)).toMatchObject({
      status: 'unknown',
      summary: expect.stringContaining('ENOENT'),
    });
  });
});
