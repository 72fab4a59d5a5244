import { cp, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type JournalFile, nodeJournalFiles } from '../../../lib/spool/journal/journal-files.ts';

const calls: string[] = [];
/** Bytes for which the disk has room. */
let room = Number.POSITIVE_INFINITY;

type Written = (error: Error | null, written: number) => void;
type Writev = (file: number, parts: readonly Uint8Array[], at: number, done: Written) => void;

// That something is durable, and that a file is closed, shows nowhere else than in the call itself.
vi.mock('node:fs', async (importOriginal) => {
  const fs = await importOriginal<typeof import('node:fs')>();
  const recorded =
    (name: 'fsync' | 'fdatasync'): ((file: number, done: (error: Error | null) => void) => void) =>
    (file, done) =>
      fs[name](file, (error) => {
        calls.push(`${name} ${fs.fstatSync(file).ino}`);
        done(error);
      });
  const closeSync = (file: number) => {
    calls.push(`close ${fs.fstatSync(file).ino}`);
    fs.closeSync(file);
  };
  const fitting = (parts: readonly Uint8Array[]) => [Buffer.concat(parts).subarray(0, room)];
  const writevSync = (file: number, parts: Uint8Array[], at: number) =>
    fs.writevSync(file, fitting(parts), at);
  const writev: Writev = (file, parts, at, done) => fs.writev(file, fitting(parts), at, done);
  const durably = { fsync: recorded('fsync'), fdatasync: recorded('fdatasync') };
  return { ...fs, ...durably, closeSync, writev, writevSync };
});

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cistern-'));
  path = join(directory, 'segment');
  calls.length = 0;
  room = Number.POSITIVE_INFINITY;
});
afterEach(() => rm(directory, { recursive: true }));

const inode = async (of: string) => (await stat(of)).ino;

describe('a file', () => {
  test('is durable when its sync has resolved', async () => {
    const file = await nodeJournalFiles.create(path, 0o600);
    await file.append([Buffer.from('one')]);
    expect(calls).toEqual([]);
    await file.sync();
    await file.close();
    expect(calls).toEqual([`fdatasync ${await inode(path)}`, `close ${await inode(path)}`]);
  });

  test.each([
    ['small', 10],
    ['large', 300 * 1024],
  ])('is added to, with %s pieces', async (_, bytes) => {
    const file = await nodeJournalFiles.create(path, 0o600);
    const parts = ['a', 'b', 'c', 'd'].map((letter) => Buffer.alloc(bytes, letter));
    expect(await file.append(parts.slice(0, 2))).toBe(2 * bytes);
    expect(await file.append(parts.slice(2))).toBe(2 * bytes);
    expect(await file.append([Buffer.from('small')])).toBe(5);
    const written = Buffer.concat([...parts, Buffer.from('small')]);
    await file.close();
    expect((await readFile(path)).equals(written)).toBe(true);
  });

  test.each([
    ['small', 10],
    ['large', 300 * 1024],
  ])('that is closed takes nothing more: %s pieces', async (_, bytes) => {
    const file = await nodeJournalFiles.create(path, 0o600);
    await file.close();
    await expect(file.append([Buffer.alloc(bytes)])).rejects.toMatchObject({ code: 'EBADF' });
  });

  test.each([
    ['small', 10],
    ['large', 300 * 1024],
  ])('says how much of %s pieces it had room for', async (_, bytes) => {
    const file = await nodeJournalFiles.create(path, 0o600);
    room = bytes + 1;
    expect(await file.append([Buffer.alloc(bytes), Buffer.alloc(bytes)])).toBe(bytes + 1);
    await file.close();
  });

  test('is never made of one that is there', async () => {
    await writeFile(path, 'of somebody else');
    await expect(nodeJournalFiles.create(path, 0o600)).rejects.toMatchObject({ code: 'EEXIST' });
    expect(String(await readFile(path))).toBe('of somebody else');
  });

  test('is added to behind what is there, with large pieces after small ones', async () => {
    const file = await nodeJournalFiles.create(path, 0o600);
    const parts = [Buffer.from('small'), Buffer.alloc(300 * 1024, 'l'), Buffer.from('small again')];
    for (const part of parts) await file.append([part]);
    await file.close();
    expect((await readFile(path)).equals(Buffer.concat(parts))).toBe(true);
  });
});

describe('a file is in place', () => {
  let inner: string;
  let file: JournalFile;
  beforeEach(async () => {
    inner = join(directory, 'inner');
    path = join(inner, 'segment');
    await mkdir(inner);
    file = await nodeJournalFiles.create(path, 0o600);
  });
  afterEach(() => file.close());

  test('while nothing happens to it, also over a symbolic link', async () => {
    await file.append([Buffer.from('one')]);
    expect(file.isInPlace()).toBe(true);
    const link = join(directory, 'link');
    await symlink(inner, link);
    const linked = await nodeJournalFiles.create(join(link, 'other'), 0o600);
    expect(linked.isInPlace()).toBe(true);
    await linked.close();
  });

  test('and not once it is moved, or removed', async () => {
    await rename(path, `${path}.away`);
    expect(file.isInPlace()).toBe(false);
    await rm(`${path}.away`);
    expect(file.isInPlace()).toBe(false);
  });

  test('and not once a copy has its name', async () => {
    await cp(path, `${path}.copy`);
    await rename(`${path}.copy`, path);
    expect(file.isInPlace()).toBe(false);
  });

  test('and not once its directory is moved, or a copy of that has its name', async () => {
    await rename(inner, join(directory, 'away'));
    expect(file.isInPlace()).toBe(false);
    await cp(join(directory, 'away'), inner, { recursive: true });
    expect(file.isInPlace()).toBe(false);
  });

  test('and not once its link leads elsewhere', async () => {
    const link = join(directory, 'link');
    await symlink(inner, link);
    const linked = await nodeJournalFiles.create(join(link, 'other'), 0o600);
    await cp(inner, join(directory, 'copy'), { recursive: true });
    await rm(link);
    await symlink(join(directory, 'copy'), link);
    expect(linked.isInPlace()).toBe(false);
    await linked.close();
  });
});

describe('a directory', () => {
  test('is durable when its sync has resolved, and is left closed', async () => {
    await nodeJournalFiles.syncDirectory(directory);
    expect(calls).toEqual([`fsync ${await inode(directory)}`, `close ${await inode(directory)}`]);
  });

  test('is made, and that it is there already is told', async () => {
    const inner = join(directory, 'inner');
    await nodeJournalFiles.mkdir(inner, 0o700);
    expect((await stat(inner)).mode & 0o777).toBe(0o700);
    await expect(nodeJournalFiles.mkdir(inner, 0o700)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(nodeJournalFiles.mkdir(join(inner, 'a', 'b'), 0o700)).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
