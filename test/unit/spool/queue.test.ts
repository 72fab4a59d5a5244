import { describe, expect, test } from 'vitest';
import { comebackSeconds, maxReceives, queueDays } from '../../../lib/spool/queue.ts';

const least = () => 0;
const most = () => 1 - Number.EPSILON;

describe('a message that could not be archived', () => {
  test.each([1, 2, 500])('comes back in 15 to 30 s after %i receives', (receives) => {
    for (const random of [least, Math.random, most]) {
      expect(comebackSeconds(receives, random)).toBeGreaterThanOrEqual(15);
      expect(comebackSeconds(receives, random)).toBeLessThanOrEqual(30);
    }
  });

  test.each([501, 999, 1_000, 5_000])('comes back in 20 to 30 min after %i', (receives) => {
    expect(comebackSeconds(receives, least)).toBe(20 * 60);
    expect(comebackSeconds(receives, most)).toBe(30 * 60);
  });

  test('comes at another time than its neighbours', () => {
    expect(new Set(Array.from({ length: 200 }, () => comebackSeconds(1))).size).toBeGreaterThan(5);
  });

  test('outlasts the queue before SQS gives it up, however early it comes', () => {
    let seconds = 0;
    // The receive after the last that is allowed is the one that makes a dead letter of it.
    for (let receives = 1; receives <= maxReceives; receives += 1)
      seconds += comebackSeconds(receives, least);
    expect(seconds).toBeGreaterThan(queueDays * 24 * 60 * 60);
  });
});
