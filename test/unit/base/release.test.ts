import { describe, expect, test } from 'vitest';
import { release } from '../../../lib/base/release-memory.ts';

describe('release', () => {
  test('gives the memory of large bytes back', () => {
    const bytes = Buffer.alloc(1_000_000, 'x');
    release(bytes);
    expect(bytes.length).toBe(0);
  });

  test('spares what is a part of larger memory', () => {
    const whole = Buffer.alloc(1_000_000, 'x');
    release(whole.subarray(0, 500_000));
    expect(whole.equals(Buffer.alloc(1_000_000, 'x'))).toBe(true);
  });

  test('spares the pool that small buffers share', () => {
    const [small, neighbour] = [Buffer.from('small'), Buffer.from('neighbour')];
    release(small);
    expect(neighbour.toString()).toBe('neighbour');
  });

  test('twice is as good as once', () => {
    const bytes = Buffer.alloc(1_000_000);
    release(bytes);
    release(bytes);
    expect(bytes.length).toBe(0);
  });
});
