import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CostInput, dominantOf, estimate } from '../../../lib/cost/estimate.ts';

const inputs: fc.Arbitrary<CostInput> = fc
  .record({
    batches: fc.integer({ min: 1, max: 1e9 }),
    batchBytes: fc.integer({ min: 1, max: 4_500_000 }),
    delivery: fc.constantFrom('direct', 'buffered'),
    apps: fc.integer({ min: 1, max: 1000 }),
    ratio: fc.option(fc.double({ min: 0.1, max: 100, noNaN: true }), { nil: undefined }),
    retentionDays: fc.integer({ min: 90, max: 4000 }),
    move: fc.option(fc.integer({ min: 30, max: 89 }), { nil: undefined }),
    windowSeconds: fc.integer({ min: 1, max: 300 }),
    concurrency: fc.integer({ min: 2, max: 1000 }),
  })
  .map(({ batchBytes, move, ...rest }) => ({
    ...rest,
    bytes: rest.batches * batchBytes,
    infrequentAccessDays: move ?? 'never',
  }));

/** Sums of floating point: equal but for the last digits. */
const slack = (sum: number) => sum * 1e-9;

test('a total is the sum of its lines, each its quantity at its price', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { lines, total } = estimate(input);
      const sums = lines.map(({ quantity, price }) => (quantity * price.usd) / price.per);
      expect(lines.every(({ quantity }) => Number.isFinite(quantity) && quantity >= 0)).toBe(true);
      expect(Math.abs(total - sums.reduce((a, b) => a + b, 0))).toBeLessThanOrEqual(slack(total));
      expect(dominantOf({ lines })?.sum).toBe(Math.max(...lines.map(({ sum }) => sum)));
    }),
  );
});

test('there are never more objects than batches, nor less than one', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const { objects } = estimate(input);
      expect(objects).toBeGreaterThan(input.delivery === 'direct' ? input.batches - 1 : 0);
      expect(objects).toBeLessThanOrEqual(input.batches);
    }),
  );
});

test('what is stored does not depend on how it is delivered', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const direct = estimate({ ...input, delivery: 'direct' });
      const buffered = estimate({ ...input, delivery: 'buffered' });
      expect(buffered.storedBytes).toBe(direct.storedBytes);
    }),
  );
});

test('more batches of the same kind never cost less', () => {
  fc.assert(
    fc.property(inputs, fc.double({ min: 1, max: 100, noNaN: true }), (input, factor) => {
      const more = { ...input, batches: input.batches * factor, bytes: input.bytes * factor };
      const total = estimate(input).total;
      expect(estimate(more).total).toBeGreaterThanOrEqual(total - slack(total));
    }),
  );
});

test('more apps, more bytes and longer retention never cost less', () => {
  fc.assert(
    fc.property(inputs, fc.integer({ min: 1, max: 100 }), (input, more) => {
      const total = estimate(input).total;
      const atLeast = total - slack(total);
      expect(estimate({ ...input, apps: input.apps + more }).total).toBeGreaterThanOrEqual(atLeast);
      const longer = { ...input, retentionDays: input.retentionDays + more };
      expect(estimate(longer).total).toBeGreaterThanOrEqual(atLeast);
      const bytes = { ...input, delivery: 'direct' as const };
      const heavier = { ...bytes, bytes: input.bytes * more };
      expect(estimate(heavier).total).toBeGreaterThanOrEqual(estimate(bytes).total - slack(total));
    }),
  );
});

test('a longer window never makes more events, nor more objects by more than what spans an hour', () => {
  fc.assert(
    fc.property(inputs, fc.integer({ min: 1, max: 299 }), (input, seconds) => {
      const buffered = { ...input, delivery: 'buffered' as const };
      const shorter = estimate({ ...buffered, windowSeconds: seconds }).objects;
      const longer = estimate({ ...buffered, windowSeconds: seconds + 1 }).objects;
      expect(longer).toBeLessThanOrEqual(shorter * (1 + 1 / 3600) + slack(shorter));
    }),
  );
});

test('an app that sends ten batches a second and more is kept for less in buffered delivery', () => {
  const busy = fc.record({
    perSecond: fc.integer({ min: 10, max: 1000 }),
    batchBytes: fc.integer({ min: 1000, max: 200_000 }),
    windowSeconds: fc.integer({ min: 30, max: 300 }),
  });
  fc.assert(
    fc.property(busy, ({ perSecond, batchBytes, windowSeconds }) => {
      const batches = perSecond * 30 * 86_400;
      const month = {
        batches,
        bytes: batches * batchBytes,
        apps: 1,
        retentionDays: 90,
        infrequentAccessDays: 'never' as const,
        windowSeconds,
        concurrency: 5,
      };
      const direct = estimate({ ...month, delivery: 'direct' }).total;
      expect(estimate({ ...month, delivery: 'buffered' }).total).toBeLessThan(direct);
    }),
  );
});
