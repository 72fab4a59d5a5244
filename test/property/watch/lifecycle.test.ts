import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fate, fates, type LifecycleRule } from '../../../lib/watch/checks/retention/lifecycle.ts';

const dayMs = 24 * 60 * 60 * 1000;
const now = Date.UTC(2026, 10, 22, 9, 30);
const horizon = 60;
const kib = 1024;

const prefixes = [
  '',
  'l',
  'logs/',
  'logs/s',
  'logs/shop/',
  'logs/shop/2026/12/',
  'logs/blog/',
  'other/',
  'Logs/',
];
const keys = [
  'logs/shop/2026/11/22/1.gz',
  'logs/shop/2026/12/01/1.gz',
  'logs/sh/2026/11/22/1.gz',
  'logs/blog/2026/11/22/1.gz',
  'logs/zzz/2026/11/22/1.gz',
];
const edges = [0, 99, 100, 101, 5_000, 127 * kib, 128 * kib - 1, 128 * kib, 1024 * kib, 16 * 1024 * kib, 1e9];

const days = fc.integer({ min: 0, max: horizon - 10 });
// Whole days from now, so that a simulation by days can meet them; some have passed.
const date = fc.integer({ min: -5, max: horizon - 10 }).map((offset) => now + offset * dayMs);
const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const rule: fc.Arbitrary<LifecycleRule> = fc.record({
  id: fc.string({ maxLength: 3 }),
  enabled: fc.boolean(),
  prefix: fc.constantFrom(...prefixes),
  tagged: fc.integer({ min: 0, max: 5 }).map((dice) => dice === 0),
  sizeGreaterThan: optional(fc.constantFrom(...edges)),
  sizeLessThan: optional(fc.constantFrom(...edges)),
  expirationDays: optional(days),
  expirationDate: optional(date),
  noncurrentDays: optional(days),
  newerNoncurrentVersions: optional(fc.integer({ min: 0, max: 3 })),
  transitions: fc.array(
    fc.record({
      storageClass: fc.constantFrom('STANDARD_IA', 'GLACIER_IR', 'GLACIER'),
      days: optional(days),
      date: optional(date),
    }),
    { maxLength: 2 },
  ),
});

const lifecycle = fc.record({
  rules: fc.array(rule, { maxLength: 6 }),
  smallObjects: fc.constantFrom(
    undefined,
    'all_storage_classes_128K' as const,
    'varies_by_storage_class' as const,
  ),
});

const object = fc.record({
  key: fc.constantFrom(...keys),
  size: fc
    .oneof(fc.constantFrom(...edges), fc.integer({ min: 100, max: 16 * 1024 * kib }))
    .map((size) => Math.min(16 * 1024 * kib, Math.max(100, size))),
});

interface Lived {
  current: number | undefined;
  /** Days after its deletion on which it was destroyed: among many newer versions, and as the newest. */
  amongMany: number | undefined;
  asNewest: number | undefined;
  moved: Record<string, number>;
}

/** S3, one object, one day after the other. */
function live(
  { rules, smallObjects }: { rules: readonly LifecycleRule[]; smallObjects?: string | undefined },
  { key, size }: { key: string; size: number },
): Lived {
  const lived: Lived = { current: undefined, amongMany: undefined, asNewest: undefined, moved: {} };
  for (let day = 0; day < horizon; day += 1) {
    const today = now + day * dayMs;
    const reached = (after?: number, on?: number) =>
      (after !== undefined && day >= after) || (on !== undefined && today >= on);
    for (const each of rules) {
      if (!each.enabled || each.tagged || !key.startsWith(each.prefix)) continue;
      if (each.sizeGreaterThan !== undefined && size <= each.sizeGreaterThan) continue;
      if (each.sizeLessThan !== undefined && size >= each.sizeLessThan) continue;
      if (reached(each.expirationDays, each.expirationDate)) lived.current ??= day;
      if (reached(each.noncurrentDays)) {
        lived.amongMany ??= day;
        if ((each.newerNoncurrentVersions ?? 0) === 0) lived.asNewest ??= day;
      }
    }
    for (const each of lived.current === undefined ? rules : []) {
      if (!each.enabled || each.tagged || !key.startsWith(each.prefix)) continue;
      const filtered = each.sizeGreaterThan !== undefined || each.sizeLessThan !== undefined;
      if (each.sizeGreaterThan !== undefined && size <= each.sizeGreaterThan) continue;
      if (each.sizeLessThan !== undefined && size >= each.sizeLessThan) continue;
      for (const { storageClass, days: after, date: on } of each.transitions) {
        const mayBeSmall = smallObjects === 'varies_by_storage_class' && storageClass === 'GLACIER';
        if (size < 128 * kib && !filtered && !mayBeSmall) continue;
        if (reached(after, on)) lived.moved[storageClass] ??= day;
      }
    }
  }
  return lived;
}

/** The fate that says what becomes of this object. */
function fateOf(all: readonly Fate[], { key, size }: { key: string; size: number }): Fate | undefined {
  return all
    .filter((fate) => key.startsWith(fate.keys) && fate.size <= size)
    .toSorted((a, b) => b.keys.length - a.keys.length || b.size - a.size)[0];
}

const ours = { prefix: 'logs/', minSize: 100, maxSize: 16 * 1024 * kib };

describe('the arithmetic of lifecycle rules', () => {
  it('foretells what a simulation by days does to any object', () => {
    fc.assert(
      fc.property(lifecycle, object, (rules, stored) => {
        const fate = fateOf(fates(rules, ours, now), stored);
        const lived = live(rules, stored);

        expect(fate?.currentDays?.days).toBe(lived.current);
        expect(fate?.noncurrentDays?.days).toBe(lived.amongMany);
        expect(fate?.destroyed).toBe(lived.asNewest !== undefined);
        expect(
          Object.fromEntries(fate?.moves.map(({ storageClass, days: after }) => [storageClass, after]) ?? []),
        ).toEqual(lived.moved);
      }),
      { numRuns: 3_000 },
    );
  });

  it('says of every transition that it happens, or why it does not', () => {
    fc.assert(
      fc.property(lifecycle, object, (rules, stored) => {
        const fate = fateOf(fates(rules, ours, now), stored);
        const named = rules.rules
          .filter(
            ({ enabled, tagged, prefix, sizeGreaterThan = -1, sizeLessThan = Number.POSITIVE_INFINITY }) =>
              enabled &&
              !tagged &&
              stored.key.startsWith(prefix) &&
              stored.size > sizeGreaterThan &&
              stored.size < sizeLessThan,
          )
          .flatMap(({ transitions }) => transitions)
          .filter((each) => each.days !== undefined || each.date !== undefined)
          .map(({ storageClass }) => storageClass);
        const told = [...(fate?.moves ?? []), ...(fate?.idle ?? [])].map(({ storageClass }) => storageClass);

        expect(new Set(told)).toEqual(new Set(named));
      }),
    );
  });
});
