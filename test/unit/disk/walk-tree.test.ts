import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { walkTree } from '../../../lib/disk/walk-tree.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const name = fc.constantFrom('a', 'a-b', 'a.b', 'b', 'ab', 'a0');
const key = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));

/** Keys of which none is a folder of another: a directory can't hold both. */
const keys = fc
  .uniqueArray(key, { maxLength: 12 })
  .map((all) => all.filter((each) => !all.some((other) => other.startsWith(`${each}/`))));

const root = join(temporaryDirectory(), 'tree');

it('lists as an object store does, whatever the prefix and the key to go on behind', async () => {
  await fc.assert(
    fc.asyncProperty(keys, fc.tuple(key, key), fc.nat(5), async (stored, [prefix, after], cut) => {
      await rm(root, { recursive: true, force: true });
      for (const each of stored) {
        await mkdir(join(root, dirname(each)), { recursive: true });
        await writeFile(join(root, each), '');
      }
      const begins = prefix.slice(0, cut);
      // A file in place of a folder is an error on a disk.
      fc.pre(!stored.some((each) => begins.startsWith(`${each}/`)));

      const listed = await Array.fromAsync(walkTree(root, begins, after));

      expect(listed).toEqual(stored.filter((each) => each.startsWith(begins) && each > after).sort());
    }),
    { numRuns: 150 },
  );
});

it('of a root that is not there, lists nothing', async () => {
  expect(await Array.fromAsync(walkTree(join(root, 'nowhere'), '', ''))).toEqual([]);
});
