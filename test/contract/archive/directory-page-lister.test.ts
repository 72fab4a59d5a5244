import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DirectoryPageLister } from '../../../lib/archive/store/directory/directory-page-lister.ts';
import { pageListerContract } from './page-lister.ts';

async function store(root: string, keys: readonly string[]): Promise<void> {
  for (const folder of new Set(keys.map((key) => dirname(key)))) {
    await mkdir(join(root, folder), { recursive: true });
  }
  for (const key of keys) await writeFile(join(root, key), '');
}

pageListerContract('DirectoryPageLister', async (keys) => {
  const root = await mkdtemp(join(tmpdir(), 'cistern-'));
  await store(root, keys);
  return { lister: new DirectoryPageLister(root), close: () => rm(root, { recursive: true }) };
});

describe('DirectoryPageLister', () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cistern-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it('says so when the directory is not there', async () => {
    const lister = new DirectoryPageLister(join(root, 'unmounted'));

    await expect(lister.page('logs/shop/', '', 1)).rejects.toMatchObject({
      name: 'StoreError',
      message: expect.stringContaining('unmounted'),
    });
  });

  it('reads neither the days before the one that it begins in nor those behind a full page', async () => {
    const keyOn = (day: number) => `logs/shop/2026/11/${day}/1763700000000-0.gz`;
    await store(root, [19, 20, 21, 22].map(keyOn));
    const read: string[] = [];
    const lister = new DirectoryPageLister(root, (path) => {
      read.push(relative(root, path));
      return readdir(path, { withFileTypes: true });
    });

    expect(await lister.page('logs/shop/', 'logs/shop/2026/11/20/', 2)).toEqual([keyOn(20), keyOn(21)]);

    const days = ['logs/shop/2026/11/20', 'logs/shop/2026/11/21'];
    expect(read).toEqual(['logs/shop', 'logs/shop/2026', 'logs/shop/2026/11', ...days]);
  });
});
