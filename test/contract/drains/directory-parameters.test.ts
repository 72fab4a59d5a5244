import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  DirectoryParameters,
  RegistryFileError,
} from '../../../lib/drains/directory/directory-parameters.ts';
import { parameterStoreContract } from './parameter-store.ts';

const makeDirectory = (): Promise<string> => mkdtemp(join(tmpdir(), 'cistern-parameters-'));

parameterStoreContract('DirectoryParameters', async () => {
  const directory = await makeDirectory();
  return {
    parameters: new DirectoryParameters(directory),
    close: () => rm(directory, { recursive: true }),
  };
});

describe('DirectoryParameters', () => {
  let directory: string;
  let file: string;
  let lock: string;
  let parameters: DirectoryParameters;

  beforeEach(async () => {
    directory = await makeDirectory();
    file = join(directory, 'registry.json');
    lock = join(directory, 'registry.lock');
    parameters = new DirectoryParameters(directory);
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('keeps a file that only its owner may read, in a directory that only its owner may enter', async () => {
    const fresh = join(directory, 'fresh', 'data');

    await new DirectoryParameters(fresh).put('drain_url', 'x');

    expect((await stat(fresh)).mode & 0o777).toBe(0o700);
    expect((await stat(join(fresh, 'registry.json'))).mode & 0o777).toBe(0o600);
  });

  it('closes a file that others may read', async () => {
    await writeFile(file, '{"drain_url":"x"}');
    await chmod(file, 0o644);

    expect(await parameters.get('drain_url')).toBe('x');

    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('writes names in order, whatever order they came in, and leaves nothing else behind', async () => {
    for (const name of ['urls/b', 'drains/x', 'urls/a']) await parameters.put(name, name);

    const text = await readFile(file, 'utf8');

    expect([...text.matchAll(/"([^"]+)":/g)].map(([, name]) => name)).toEqual([
      'drains/x',
      'urls/a',
      'urls/b',
    ]);
    expect(await readdir(directory)).toEqual(['registry.json']);
  });

  it('is empty where there is no file, and makes none by reading', async () => {
    expect(await parameters.list('')).toEqual([]);
    expect(await parameters.delete('drain_url')).toBe(false);
    expect(await readdir(directory)).toEqual([]);
  });

  it.each(['', '{"a":', '[]', '{"a":1}', 'null', '"secret-text"'])(
    'names a damaged file and never replaces it: %j',
    async (text) => {
      await writeFile(file, text);

      const attempts = [
        () => parameters.list(''),
        () => parameters.put('a', 'b'),
        () => parameters.create('a', 'b'),
        () => parameters.delete('a'),
      ];
      for (const attempt of attempts) {
        const error = await attempt().then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(RegistryFileError);
        expect(String(error)).toContain(file);
        expect(String(error)).not.toContain('secret-text');
      }

      expect(await readFile(file, 'utf8')).toBe(text);
      expect(await readdir(directory)).toEqual(['registry.json']);
    },
  );

  it('says what is wrong where there can be no registry', async () => {
    await writeFile(join(directory, 'plain'), '');
    await mkdir(join(directory, 'odd', 'registry.json'), { recursive: true });

    await expect(new DirectoryParameters(join(directory, 'plain')).put('a', 'b')).rejects.toThrow(
      /can't write .*plain.*is a file/,
    );
    await expect(new DirectoryParameters(join(directory, 'odd')).get('a')).rejects.toThrow(
      /can't read .*EISDIR.*must be a file/,
    );
  });

  it('breaks the lock that a dead process left', async () => {
    await writeFile(lock, `${await deadPid()} ${hostname()} nonce`);

    await parameters.put('a', 'b');

    expect(await parameters.get('a')).toBe('b');
    expect(await readdir(directory)).toEqual(['registry.json']);
  });

  it('breaks a lock that is over 10 s old, whoever holds it', async () => {
    await writeFile(lock, `${process.pid} elsewhere nonce`);
    const old = Date.now() / 1000 - 11;
    await utimes(lock, old, old);

    await parameters.put('a', 'b');

    expect(await parameters.get('a')).toBe('b');
  });

  it('waits for a lock that is held', async () => {
    await writeFile(lock, `${process.pid} ${hostname()} nonce`);
    const written = parameters.put('a', 'b');

    expect(await parameters.get('a')).toBeUndefined();
    await rm(lock);
    await written;

    expect(await parameters.get('a')).toBe('b');
  });

  it('loses nothing when several processes write at once, after one died with the lock', async () => {
    await writeFile(lock, `${await deadPid()} ${hostname()} nonce`);
    const writers = ['a', 'b', 'c', 'd'];

    await Promise.all(writers.map((writer) => writeFromAnotherProcess(directory, writer, 12)));

    const names = (await parameters.list('drains/')).map(({ name }) => name);
    const expected = writers.flatMap((writer) =>
      Array.from({ length: 12 }, (_, i) => `drains/${writer}-${i}`),
    );
    expect(names.toSorted()).toEqual(expected.toSorted());
    expect(await readdir(directory)).toEqual(['registry.json']);
  });
});

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await new Promise((resolve) => child.on('close', resolve));
  if (child.pid === undefined) throw new Error('no child process');
  return child.pid;
}

async function writeFromAnotherProcess(directory: string, writer: string, writes: number): Promise<void> {
  const module = fileURLToPath(
    new URL('../../../lib/drains/directory/directory-parameters.ts', import.meta.url),
  );
  const script = `
    import { DirectoryParameters } from ${JSON.stringify(module)};
    const parameters = new DirectoryParameters(${JSON.stringify(directory)});
    for (let i = 0; i < ${writes}; i += 1) {
      if (!(await parameters.create('drains/${writer}-' + i, 'x'))) throw new Error('exists');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) throw new Error(stderr);
}
