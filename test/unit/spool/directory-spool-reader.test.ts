import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectorySpoolReader } from '../../../lib/spool/journal/journal-spool-reader.ts';
import { entryOf, segmentOf, spooledBatch } from '../../support/spooled.ts';
import { storeFailureOf } from '../../support/store-failure.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cistern-'));
});
afterEach(() => rm(directory, { recursive: true }));

const early = '1795294367822-00000000000000aa';
const late = '1795294399999-0000000000000001';

test('where there is no spool, nothing waits', async () => {
  const reader = new DirectorySpoolReader(join(directory, 'none'));
  expect(await reader.status()).toEqual({ waiting: 0, underWay: 0 });
});

test('where a file is in its place, that is said with what to do', async () => {
  const path = join(directory, 'spool');
  await writeFile(path, '');
  const failure = await storeFailureOf(new DirectorySpoolReader(path).status());
  expect(failure).toMatchObject({
    code: 'refused',
    message: `the spool ${path} can't be read (it is no directory: move it away, and \`cistern serve\` makes one)`,
  });
});

test('what waits is listed by segment, the one that is written too, and files that are none are left alone', async () => {
  const [one, two, three] = await Promise.all(['one', 'two', 'three'].map((text) => spooledBatch(text)));
  if (one === undefined || two === undefined || three === undefined) throw new Error('there are three');
  const half = entryOf(one).subarray(0, 300);
  await writeFile(join(directory, `${late}.open`), Buffer.concat([segmentOf(three), half]));
  await writeFile(join(directory, early), segmentOf(one, two));
  await writeFile(join(directory, 'notes.txt'), 'cistern-spool 1 ');
  await mkdir(join(directory, 'lost+found'));
  const reader = new DirectorySpoolReader(directory);
  expect(await Array.fromAsync(reader.entries())).toEqual([
    { segment: early, key: one.key, bytes: one.member.length, at: 1795294367822 },
    { segment: early, key: two.key, bytes: two.member.length, at: 1795294367822 },
    { segment: late, key: three.key, bytes: three.member.length, at: 1795294399999 },
  ]);
  const { waiting, oldestMs = -1 } = await reader.status();
  expect(waiting).toBe(3);
  expect(oldestMs).toBe(Math.max(0, oldestMs));
});

test('what stands behind damage waits as well', async () => {
  const [one, two] = await Promise.all(['one', 'two'].map((text) => spooledBatch(text)));
  if (one === undefined || two === undefined) throw new Error('there are two');
  const first = entryOf(one);
  first.fill(0, 0, 60);
  await writeFile(join(directory, early), Buffer.concat([first, entryOf(two)]));
  expect(await new DirectorySpoolReader(directory).status()).toMatchObject({ waiting: 1 });
});
