import { expect, test } from 'vitest';
import { writeWithin } from '../../../lib/archive/store/attempts.ts';

test('an attempt that is given up is told so, even if it never listened', async () => {
  const signals: AbortSignal[] = [];
  const never = (signal: AbortSignal) => {
    signals.push(signal);
    return new Promise<never>(() => undefined);
  };
  await expect(writeWithin(never, { budgetMs: 20, bytes: 1 })).rejects.toMatchObject({ code: 'unavailable' });
  expect(signals.map(({ aborted }) => aborted)).toEqual(signals.map(() => true));
  expect(signals).not.toEqual([]);
});

test('an attempt that succeeded is left alone', async () => {
  let given: AbortSignal | undefined;
  const write = async (signal: AbortSignal) => {
    given = signal;
    return 'created';
  };
  expect(await writeWithin(write, { budgetMs: 1_000, bytes: 1 })).toEqual({ result: 'created', attempts: 1 });
  expect(given?.aborted).toBe(false);
});
