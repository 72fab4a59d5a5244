import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type ObjectKey, objectKey } from '../../../lib/archive/format/key.ts';
import { DirectoryStore } from '../../../lib/archive/store/directory/directory-store.ts';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { RecordingFiles, type Step } from '../../support/recording-files.ts';

let root: string;
let files: RecordingFiles;
let store: DirectoryStore;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'cistern-'));
  files = new RecordingFiles(root);
  store = new DirectoryStore(join(root, 'archive'), files);
});
afterEach(() => rm(root, { recursive: true }));

const noon = Date.UTC(2026, 10, 21, 12);

function key(number: number, epochMs = noon): ObjectKey {
  const uuid = `00000000-0000-8000-8000-${String(number).padStart(12, '0')}`;
  return objectKey({ app: 'my-app' as AppName, epochMs, uuid });
}

function create(objectKey: ObjectKey, body = Buffer.from('member')) {
  return store.create(objectKey, body, new AbortController().signal);
}

const day = 'archive/logs/my-app/2026/11/21';

/** Opens the store; only what comes after is recorded. */
async function prepare(): Promise<void> {
  await store.prepare();
  files.begun.length = 0;
  files.done.length = 0;
}

/** Asserts that the steps ended in this order, whatever else did. */
function expectOrder(...steps: readonly Step[]): void {
  const positions = steps.map((step) => files.done.indexOf(step));
  expect(positions, `of ${steps.join(', ')} in ${files.done.join(', ')}`).not.toContain(-1);
  expect(positions).toEqual(positions.toSorted((a, b) => a - b));
}

describe('a write is durable before it is acknowledged', () => {
  test('bytes, then their link, then the directory that holds the link', async () => {
    await prepare();
    await create(key(1));
    files.done.length = 0;

    await create(key(2));

    expect(files.done.filter((step) => !step.startsWith('unlink'))).toEqual([
      'write archive/tmp/*',
      'fsync archive/tmp/*',
      `link ${key(2).replace('logs/', 'archive/logs/')}`,
      `fsync ${day}`,
    ]);
    expect(files.done).toContain('unlink archive/tmp/*');
  });

  test('every directory made on the way is made durable by its parent, before the link', async () => {
    await create(key(1));

    const link: Step = `link ${key(1).replace('logs/', 'archive/logs/')}`;
    expectOrder('mkdir archive', 'fsync ', 'mkdir archive/logs', 'fsync archive', link);
    expectOrder('mkdir archive/logs/my-app', 'fsync archive/logs', link);
    expectOrder('mkdir archive/logs/my-app/2026', 'fsync archive/logs/my-app', link);
    expectOrder('mkdir archive/logs/my-app/2026/11', 'fsync archive/logs/my-app/2026', link);
    expectOrder(`mkdir ${day}`, 'fsync archive/logs/my-app/2026/11', link, `fsync ${day}`);
  });

  test('also where another process made the directories and may have been killed before its fsync', async () => {
    await mkdir(join(root, day), { recursive: true });
    await mkdir(join(root, 'archive/tmp'));

    await create(key(1));

    const link: Step = `link ${key(1).replace('logs/', 'archive/logs/')}`;
    expectOrder('fsync archive/logs/my-app/2026/11', link);
    expectOrder('fsync archive', link);
  });

  test('a second write waits for the directories that the first is still making', async () => {
    await prepare();
    const release = files.hold('fsync archive/logs/my-app/2026/11');
    const both = Promise.all([create(key(1)), create(key(2))]);
    await vi.waitFor(() => expect(files.begun).toContain('fsync archive/logs/my-app/2026/11'));
    expect(files.begun.filter((step) => step.startsWith('link '))).toEqual([]);
    release();
    expect(await both).toEqual(['created', 'created']);
  });

  test('a batch that exists already is acknowledged only after the fsync of its directory', async () => {
    await prepare();
    const release = files.hold(`fsync ${day}`);
    const first = create(key(1));
    await vi.waitFor(() => expect(files.begun).toContain(`fsync ${day}`));

    let acknowledged = false;
    const retry = create(key(1)).then((creation) => {
      acknowledged = true;
      return creation;
    });
    await vi.waitFor(() => {
      expect(files.begun.filter((step) => step.startsWith('link '))).toHaveLength(2);
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(acknowledged).toBe(false);

    release();
    expect(await first).toBe('created');
    expect(await retry).toBe('exists');
  });

  test('writes at the same time never share an fsync that began before their link', async () => {
    await prepare();
    await create(key(1));
    const release = files.hold(`fsync ${day}`);
    files.begun.length = 0;
    files.done.length = 0;
    const first = create(key(2));
    await vi.waitFor(() => expect(files.begun).toContain(`fsync ${day}`));
    const others = [create(key(3)), create(key(4)), create(key(5))];
    await vi.waitFor(() => {
      expect(files.done.filter((step) => step.startsWith('link '))).toHaveLength(4);
    });
    release();
    await Promise.all([first, ...others]);

    expect(files.begun.lastIndexOf(`fsync ${day}`)).toBeGreaterThan(
      files.begun.findLastIndex((step) => step.startsWith('link ')),
    );
  });
});

describe('a write that fails is not acknowledged', () => {
  const failure = Object.assign(new Error('EIO: i/o error'), { code: 'EIO' });
  const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });

  test.each<[string, Step, Error, string]>([
    ['writing', 'write archive/tmp/*', full, 'refused'],
    ['the fsync of its bytes', 'fsync archive/tmp/*', failure, 'unavailable'],
    ['the fsync of its directory', `fsync ${day}`, failure, 'unavailable'],
  ])('at %s', async (_, step, error, code) => {
    await prepare();
    files.failNext(step, error);
    await expect(create(key(1))).rejects.toMatchObject({ name: 'StoreError', code });
    expect(await readdir(join(root, 'archive/tmp'))).toEqual([]);
  });

  test('nor are others that wait for an fsync of the same directory when one fails', async () => {
    await prepare();
    await create(key(1));
    const release = files.hold(`fsync ${day}`);
    files.begun.length = 0;
    files.failNext(`fsync ${day}`, failure);
    const both = Promise.allSettled([create(key(2)), create(key(3))]);
    await vi.waitFor(() => {
      expect(files.begun.filter((step) => step === `fsync ${day}`)).toHaveLength(2);
    });
    release();
    expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('nor is its retry, after the fsync of its directory failed once', async () => {
    await prepare();
    files.failNext(`fsync ${day}`, failure);
    await expect(create(key(1))).rejects.toThrow('EIO');
    await expect(create(key(1))).rejects.toThrow('EIO');
    await expect(create(key(2))).rejects.toThrow('EIO');
    expect(await create(key(3, noon + 86_400_000))).toBe('created');
  });

  test('and one whose bytes did not reach the disk is not visible', async () => {
    await prepare();
    files.failNext('fsync archive/tmp/*', failure);
    await expect(create(key(1))).rejects.toThrow('EIO');
    expect(await Array.fromAsync(store.list('logs/', ''))).toEqual([]);
    expect(await create(key(1))).toBe('created');
  });
});

test('a directory that could not be made is made the next time', async () => {
  await prepare();
  files.failNext(`mkdir ${day}`, 'EMFILE');
  await expect(create(key(1))).rejects.toMatchObject({ code: 'unavailable' });
  expect(await create(key(1))).toBe('created');
});

test('a temporary file that can not be removed is left: the batch is durable', async () => {
  await prepare();
  files.failNext('unlink archive/tmp/*', 'EIO');
  expect(await create(key(1))).toBe('created');
});

test('a directory removed while the store is open is made again', async () => {
  await prepare();
  await create(key(1));
  await rm(join(root, 'archive/logs/my-app'), { recursive: true });
  expect(await create(key(2))).toBe('created');
  expect(await store.read(key(2))).toEqual(Buffer.from('member'));
});

test('objects are for their owner, and read-only', async () => {
  await prepare();
  await create(key(1));
  expect((await stat(join(root, 'archive'))).mode & 0o777).toBe(0o700);
  expect((await stat(join(root, 'archive', key(1)))).mode & 0o777).toBe(0o400);
});

test('prepare removes what a killed process left an hour ago, and nothing else', async () => {
  await prepare();
  const temporary = join(root, 'archive/tmp');
  const old = new Date(Date.now() - 2 * 3600_000);
  await writeFile(join(temporary, 'old.gz'), 'half');
  await utimes(join(temporary, 'old.gz'), old, old);
  await writeFile(join(temporary, 'young.gz'), 'half');
  await mkdir(join(temporary, 'folder'));
  await utimes(join(temporary, 'folder'), old, old);
  await prepare();
  expect(await readdir(temporary)).toEqual(['folder', 'young.gz']);
});

test('a root that is a file is refused in words that name it', async () => {
  await writeFile(join(root, 'archive'), 'a file');
  await expect(store.prepare()).rejects.toMatchObject({ name: 'StoreError', code: 'refused' });
});

test('a file system without hard links is refused at the start, not at the first batch', async () => {
  const link = vi.spyOn(files, 'link');
  link.mockRejectedValue(Object.assign(new Error('EPERM: operation not permitted'), { code: 'EPERM' }));
  await expect(store.prepare()).rejects.toMatchObject({ name: 'StoreError', code: 'refused' });
  expect(await readdir(join(root, 'archive/tmp'))).toEqual([]);
});

test('a root where nothing can be made is refused, and not tried for ever', async () => {
  const missing = Object.assign(new Error('ENOENT: no such file or directory'), { code: 'ENOENT' });
  vi.spyOn(files, 'mkdir').mockRejectedValue(missing);
  await expect(store.prepare()).rejects.toMatchObject({ name: 'StoreError' });
});
