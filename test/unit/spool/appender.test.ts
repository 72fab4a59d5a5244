import { beforeEach, describe, expect, test } from 'vitest';
import { type AppendableFile, Appender } from '../../../lib/spool/journal/appender.ts';

const KiB = 1024;
const MiB = 1024 * KiB;

/** A file in memory, on a disk of so many bytes. */
class MemoryFile implements AppendableFile {
  bytes = Buffer.alloc(0);
  disk = Number.POSITIVE_INFINITY;
  /** How large it was after each write. */
  readonly sizes: number[] = [];
  readonly cuts: number[] = [];
  cutFails = false;

  async write(parts: readonly Uint8Array[], at: number): Promise<number> {
    const all = Buffer.concat(parts);
    const fitting = all.subarray(0, this.disk - at);
    const grown = Buffer.alloc(Math.max(this.bytes.length, at + fitting.length));
    this.bytes.copy(grown);
    fitting.copy(grown, at);
    this.bytes = grown;
    this.sizes.push(grown.length);
    return fitting.length;
  }

  async truncate(bytes: number): Promise<void> {
    this.cuts.push(bytes);
    if (this.cutFails) throw new Error('no');
    this.bytes = this.bytes.subarray(0, bytes);
  }
}

let file: MemoryFile;
let appender: Appender;
beforeEach(() => {
  file = new MemoryFile();
  appender = new Appender(file);
});

const filled = (bytes: number, fill = 1) => Buffer.alloc(bytes, fill);

test('one thing stands behind the other, and zeros behind the last', async () => {
  expect(await appender.append([filled(3, 1), filled(2, 2)])).toBe(5);
  expect(await appender.append([filled(4, 3)])).toBe(4);
  expect(file.bytes.subarray(0, 9)).toEqual(Buffer.from([1, 1, 1, 2, 2, 3, 3, 3, 3]));
  expect(file.bytes.subarray(9).every((byte) => byte === 0)).toBe(true);
});

describe('the file grows', () => {
  test('only where there is no zero left to write over', async () => {
    const first = 5;
    await appender.append([filled(first)]);
    expect(file.sizes).toEqual([first + 64 * KiB]);
    await appender.append([filled(32 * KiB)]);
    await appender.append([filled(32 * KiB)]);
    expect(file.sizes).toEqual(Array(3).fill(first + 64 * KiB));
    await appender.append([filled(1)]);
    expect(file.sizes.at(-1)).toBeGreaterThan(first + 64 * KiB);
  });

  test('by as much again, and by no more than 1 MiB', async () => {
    const ahead: number[] = [];
    let end = 0;
    let size = 0;
    for (let i = 0; i < 200; i += 1) {
      await appender.append([filled(50 * KiB)]);
      end += 50 * KiB;
      if (file.bytes.length > size) ahead.push(file.bytes.length - end);
      size = file.bytes.length;
    }
    expect(ahead[0]).toBe(64 * KiB);
    for (const [index, each] of ahead.entries()) {
      const before = index === 0 ? 0 : (ahead[index - 1] as number);
      expect(each).toBeGreaterThanOrEqual(before);
    }
    expect(ahead.at(-1)).toBe(MiB);
    expect(ahead.length, '10 MiB, most of them grown into by 1 MiB at a time').toBeLessThan(16);
  });
});

test('ahead of something large there are none, and behind it there are again', async () => {
  await appender.append([filled(40 * KiB), filled(24 * KiB)]);
  expect(file.sizes).toEqual([64 * KiB]);
  await appender.append([filled(1)]);
  expect(file.sizes.at(-1)).toBe(128 * KiB + 1);
  await appender.append([filled(200 * KiB)]);
  expect(file.sizes.at(-1), 'what does not fit grows the file by itself').toBe(264 * KiB + 1);
});

describe('on a full disk', () => {
  test('zeros that are missing fail nothing', async () => {
    file.disk = 12;
    expect(await appender.append([filled(10)])).toBe(10);
    expect(await appender.append([filled(2, 2)])).toBe(2);
    expect(file.bytes).toEqual(Buffer.concat([filled(10), filled(2, 2)]));
  });

  test('what is written of a thing is told, and zeros do not count', async () => {
    file.disk = 12;
    await appender.append([filled(10)]);
    expect(await appender.append([filled(5)])).toBe(2);
    expect(await appender.append([filled(5)])).toBe(0);
  });
});

describe('cutting the zeros', () => {
  test('leaves what was written', async () => {
    await appender.append([filled(10)]);
    await appender.append([filled(3, 2)]);
    await appender.cutZeros();
    expect(file.bytes).toEqual(Buffer.concat([filled(10), filled(3, 2)]));
  });

  test('asks nothing of a file without any', async () => {
    await appender.cutZeros();
    file.disk = 10;
    await appender.append([filled(10)]);
    await appender.cutZeros();
    expect(file.cuts).toEqual([]);
  });

  test('and failing fails nothing', async () => {
    file.cutFails = true;
    await appender.append([filled(10)]);
    await appender.cutZeros();
    expect(file.bytes.subarray(0, 10)).toEqual(filled(10));
  });
});
