import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type KeyParts, objectKey, parseKey } from '../../../lib/archive/format/key.ts';
import { objectUuid } from '../../../lib/archive/format/uuid.ts';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { planObjects } from '../../../lib/spool/plan-objects.ts';

const hourMs = 3_600_000;
const hour = Date.parse('2026-11-21T23:00:00Z');

/** Few enough uuids and instants that copies, and members of one instant, are common. */
const uuid = fc.nat({ max: 40 }).map((n) => `${n.toString(16).padStart(8, '0')}-0000-8000-8000-000000000000`);
const instant = fc.oneof(
  fc.constantFrom(hour - 1, hour, hour + hourMs - 1, hour + hourMs),
  fc.integer({ min: hour - hourMs, max: hour + 2 * hourMs }),
);
const member = fc.record({
  parts: fc.record({
    app: fc.constantFrom('my-app', 'other').map((name) => name as AppName),
    epochMs: instant,
    uuid,
  }),
  bytes: fc.integer({ min: 1, max: 100 }),
});
const members = fc.array(member, { maxLength: 60 });
const maxBytes = fc.integer({ min: 1, max: 500 });

const hourOf = ({ app, epochMs }: KeyParts) => `${app}/${Math.floor(epochMs / hourMs)}`;
const runs = { numRuns: 500 };

test('every member is in exactly one object, once, as a member or as a copy of one', () => {
  fc.assert(
    fc.property(members, maxBytes, (all, max) => {
      const objects = planObjects(all, max);
      const placed = objects.flatMap((object) => [...object.members, ...object.copies]);
      expect(placed).toHaveLength(all.length);
      expect(new Set(placed)).toEqual(new Set(all));
      for (const { members, copies } of objects) {
        const uuids = new Set(members.map(({ parts }) => parts.uuid));
        for (const { parts } of copies) expect(uuids).toContain(parts.uuid);
      }
    }),
    runs,
  );
});

test('an object holds one app and one hour of the clock; a uuid is once among the objects of an hour', () => {
  fc.assert(
    fc.property(members, maxBytes, (all, max) => {
      const seen = new Set<string>();
      for (const { members, copies } of planObjects(all, max)) {
        expect(new Set([...members, ...copies].map(({ parts }) => hourOf(parts))).size).toBe(1);
        for (const { parts } of members) {
          const place = `${hourOf(parts)}/${parts.uuid}`;
          expect(seen).not.toContain(place);
          seen.add(place);
        }
      }
    }),
    runs,
  );
});

test('members are sorted by (epoch, uuid), of copies the earliest; the key follows from them', () => {
  fc.assert(
    fc.property(members, maxBytes, (all, max) => {
      for (const { key, members, copies } of planObjects(all, max)) {
        const order = members.map(({ parts }) => `${parts.epochMs} ${parts.uuid}`);
        expect(order).toEqual([...order].sort());
        for (const copy of copies) {
          const kept = members.find(({ parts }) => parts.uuid === copy.parts.uuid);
          expect(kept?.parts.epochMs).toBeLessThanOrEqual(copy.parts.epochMs);
        }
        const [first] = members;
        if (first === undefined) throw new Error('an empty object');
        const uuid = objectUuid(members.map(({ parts }) => parts));
        expect(key).toBe(objectKey({ ...first.parts, uuid }));
        expect(parseKey(key), 'a reader knows it').toBeDefined();
      }
    }),
    runs,
  );
});

test('no object is larger than the limit unless one member is, and none is smaller than need be', () => {
  fc.assert(
    fc.property(members, maxBytes, (all, max) => {
      const sizes = planObjects(all, max).map(({ members }) => ({
        hour: members[0] === undefined ? '' : hourOf(members[0].parts),
        count: members.length,
        bytes: members.reduce((sum, { bytes }) => sum + bytes, 0),
        first: members[0]?.bytes ?? 0,
      }));
      for (const [n, { hour, count, bytes }] of sizes.entries()) {
        expect(count === 1 || bytes <= max).toBe(true);
        const next = sizes[n + 1];
        if (next?.hour === hour) expect(bytes + next.first).toBeGreaterThan(max);
      }
    }),
    runs,
  );
});

test('the same members in any order become objects of the same keys and sizes', () => {
  const shuffled = members.chain((all) =>
    fc.record({
      all: fc.constant(all),
      again: fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length }),
    }),
  );
  fc.assert(
    fc.property(shuffled, maxBytes, ({ all, again }, max) => {
      const shape = (objects: ReturnType<typeof planObjects>) =>
        objects
          .map(({ key, members, copies }) => ({
            key,
            bytes: members.map(({ bytes }) => bytes),
            copies: copies.length,
          }))
          .sort((a, b) => (a.key < b.key ? -1 : 1));
      expect(shape(planObjects(again, max))).toEqual(shape(planObjects(all, max)));
    }),
    runs,
  );
});

test('no members become no objects', () => {
  expect(planObjects([], 1)).toEqual([]);
});
