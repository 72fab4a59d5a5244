import { expect, it } from 'vitest';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { MemoryCounters } from '../../../lib/metrics/memory-counters.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.parse('2026-11-02T00:00:00Z');

function at(time: number, options: { maxApps?: number } = {}) {
  const clock = { now: time };
  return { clock, counters: new MemoryCounters({ now: () => clock.now, ...options }) };
}

it('forgets minutes after hours, and hours after four weeks', async () => {
  const { clock, counters } = at(start);
  for (; clock.now < start + 40 * day; clock.now += hour) counters.record({ counts: { messages: 1 } });
  const to = clock.now;

  const [minutes] = await counters.sums([{ counter: 'messages' }], { from: 0, to, periodSeconds: 60 });
  const [hours] = await counters.sums([{ counter: 'messages' }], { from: 0, to, periodSeconds: 3600 });

  expect([...(minutes?.values() ?? [])]).toEqual([1, 1, 1, 1, 1, 1, 1]);
  expect(hours?.size).toBe(29 * 24);
  expect(hours?.get(to - 28 * day)).toBe(1);
  expect([...(hours?.values() ?? [])].every((sum) => sum === 1)).toBe(true);
});

it('counts no period twice after a long pause', async () => {
  const { clock, counters } = at(start);
  counters.record({ counts: { messages: 5 } });
  clock.now = start + 7 * hour;
  counters.record({ counts: { messages: 1 } });

  const range = { from: start, to: clock.now + minute, periodSeconds: 60 } as const;
  const [sums] = await counters.sums([{ counter: 'messages' }], range);

  expect([...(sums ?? [])]).toEqual([[start + 7 * hour, 1]]);
});

it('keeps so many apps and no more: the one not heard of for longest goes', async () => {
  const { clock, counters } = at(start, { maxApps: 2 });
  for (const app of ['first', 'second', 'first', 'third']) {
    clock.now += 1;
    counters.record({ app: app as AppName, counts: { messages: 1 } });
  }

  expect([...(await counters.apps())].sort()).toEqual(['first', 'third']);
  const range = { from: start, to: start + minute, periodSeconds: 60 } as const;
  const [stage, first, second] = await counters.sums(
    [{ counter: 'messages' }, { counter: 'messages', app: 'first' }, { counter: 'messages', app: 'second' }],
    range,
  );
  expect([stage, first, second].map((sums) => sums?.get(start))).toEqual([4, 2, undefined]);
});

it('forgets an app that nothing was counted for in two weeks', async () => {
  const { clock, counters } = at(start);
  counters.record({ app: 'shop' as AppName, counts: { messages: 1 } });
  clock.now += 14 * day;
  expect(await counters.apps()).toEqual(['shop']);
  clock.now += 1;

  expect(await counters.apps()).toEqual([]);
});
