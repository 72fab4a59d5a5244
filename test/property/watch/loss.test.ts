import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Memory } from '../../../lib/findings/finding.ts';
import { lossCheck } from '../../../lib/watch/checks/loss/loss.ts';
import { type CountedEvent, ScriptedCounters } from '../../support/scripted-counters.ts';

const minute = 60_000;
const start = Date.parse('2026-11-21T00:00:00Z');

const event = fc.record({
  counter: fc.constantFrom('messages-lost' as const, 'undelivered' as const),
  app: fc.constantFrom('shop', 'billing', undefined),
  count: fc.integer({ min: 1, max: 2_000 }),
  atMs: fc.integer({ min: 0, max: 300 * minute }),
  lateMs: fc.integer({ min: 0, max: 14 * minute }),
});
/** Minutes between two looks. */
const gaps = fc.array(fc.oneof(fc.constant(5), fc.integer({ min: 0, max: 320 })), { maxLength: 60 });

it('counts everything once, by app, however late it arrives and whenever the watch looks', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 40 }), gaps, async (drawn, gaps) => {
      const counters = new ScriptedCounters();
      const events = drawn.map(({ counter, app, count, atMs, lateMs }): CountedEvent => {
        const at = start + atMs;
        return { counter, count, at, visibleAt: at + lateMs, ...(app === undefined ? {} : { app }) };
      });
      counters.add(...events);
      const expected = new Map<string, number>();
      for (const { counter, app, count } of events) {
        const subject = app === undefined ? counter : `${counter} ${app}`;
        expected.set(subject, (expected.get(subject) ?? 0) + count);
      }

      const told = new Map<string, number>();
      let memory: Memory | undefined;
      let now = start;
      const end = start + 320 * minute;
      const later = gaps.map((gap) => gap * minute);
      for (const gap of [0, ...later, Math.max(0, end - now)]) {
        now = Math.min(now + gap, end);
        counters.now = now;
        const findings = await lossCheck({ counters }).look({
          now,
          signal: new AbortController().signal,
          remembered: () => memory,
          rememberedSubjects: () => ['stage'],
        });
        for (const { subject, evidence, memory: remembered } of findings ?? []) {
          if (subject === 'stage') memory = remembered;
          else told.set(subject, (told.get(subject) ?? 0) + Number(evidence['count']));
        }
      }

      expect([...told].sort()).toEqual([...expected].sort());
    }),
  );
});
