import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FileWindow } from '../../../lib/spool/journal/read-window.ts';

/** Larger than a window, of bytes that tell where they are. */
const content = Buffer.from(
  Array.from({ length: 100_000 }, (_, index) => String(index).padStart(7)).join(''),
);
const windowBytes = 256 * 1024;

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'cistern-'));
  path = join(directory, 'file');
  await writeFile(path, content);
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(directory, { recursive: true });
});

async function open(): Promise<FileWindow> {
  const window = await FileWindow.open(path);
  if (window === undefined) throw new Error('it was written');
  return window;
}

test('shows what stands where, also at its own edges and at the end of the file', async () => {
  const window = await open();
  const edges = [0, 1, 7, windowBytes - 1, windowBytes, windowBytes + 1, content.length - 1];
  for (const offset of edges) {
    for (const bytes of [0, 1, 2, ...edges]) {
      const shown = await window.at(offset, bytes);
      const expected = content.subarray(offset, offset + bytes);
      expect(shown.equals(expected), `${bytes} bytes at ${offset}`).toBe(true);
      // One byte further than what it holds now.
      const further = await window.at(offset + 1, windowBytes);
      expect(further.equals(content.subarray(offset + 1, offset + 1 + windowBytes))).toBe(true);
    }
  }
  await window.close();
});

test('of a file that was cut, shows what is there, and says so of the rest every time', async () => {
  const window = await open();
  expect(await window.at(0, 7)).toEqual(content.subarray(0, 7));
  await truncate(path, windowBytes);
  for (const _ of ['at first', 'again']) {
    await expect(window.at(windowBytes - 7, 100)).rejects.toThrow(`it ends at byte ${windowBytes}`);
  }
  expect((await window.at(0, 100)).equals(content.subarray(0, 100))).toBe(true);
  await window.close();
});

test('where there is no file there is none', async () => {
  expect(await FileWindow.open(join(directory, 'none'))).toBeUndefined();
});
