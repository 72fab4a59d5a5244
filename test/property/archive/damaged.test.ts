import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { walkMembers } from '../../../lib/archive/format/member.ts';
import { frameMessages } from '../../../lib/logplex/frames.ts';
import { archiveOfObjects, mergeMembers, readBack, seal } from '../../support/batches.ts';
import { message } from '../../support/messages.ts';

const t0 = Date.parse('2026-11-21T20:52:47.822Z');

/** Three batches of lines that compress as logs do, in one object. */
async function makeObject(lines: number) {
  const batches = [0, 1, 2].map((n) =>
    Array.from({ length: lines }, (_, i) => {
      const at = t0 + n * 1000 + i;
      return message(`batch ${n} line ${i} path=/items/${(i * 7919) % 1000} took=${(i * 31) % 997}ms`, at);
    }),
  );
  const sealed = await Promise.all(
    batches.map((messages, n) =>
      seal(frameMessages(messages), { frameId: `f${n}`, receivedAt: t0 + n * 1000 }),
    ),
  );
  return { batches, ...mergeMembers(sealed) };
}

/** Where the deflate data of each member lies. */
function dataBounds(object: Buffer) {
  return [...walkMembers(object)].map(({ bytes, offset, headerJson }) => ({
    from: offset + 24 + headerJson.length,
    to: offset + bytes.length - 8,
  }));
}

const frames = ({ messages }: Awaited<ReturnType<typeof readBack>>) => messages.map(({ frame }) => frame);

describe('a byte of a member that was changed', () => {
  test('costs no other member anything, is told, and leaves the frames before it', async () => {
    const { batches, key, body } = await makeObject(60);
    const bounds = dataBounds(body);
    const change = fc.record({
      member: fc.nat(2),
      at: fc.double({ min: 0, max: 0.999, noNaN: true }),
      by: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ member, at, by }) => {
        const { from, to } = bounds[member] ?? { from: 0, to: 0 };
        const changed = Buffer.from(body);
        const offset = from + Math.floor((to - from) * at);
        changed.writeUInt8(changed.readUInt8(offset) ^ by, offset);
        const found = await readBack(archiveOfObjects([{ key, body: changed }]));
        // The last byte may hold bits that mean nothing.
        if (found.problems.length === 0) {
          expect(found.messages.map(({ bytes }) => bytes)).toEqual(batches.flat());
          return;
        }
        expect(found.problems).toMatchObject([
          { problem: 'damaged', why: expect.stringMatching(/SHA-256|content is whole/) },
        ]);
        const others = found.messages.filter(({ member: { frame } }) => frame !== `f${member}`);
        expect(others.map(({ bytes }) => bytes)).toEqual(batches.filter((_, n) => n !== member).flat());
        expect(others.some(({ damage }) => damage !== undefined)).toBe(false);

        // What stands before the change inflates as it was: the share of the frames that surely lies there.
        const damaged = found.messages.filter(({ member: { frame } }) => frame === `f${member}`);
        const before = Math.max(0, Math.floor(60 * at * 0.5) - 5);
        const own = batches[member] ?? [];
        expect(damaged.slice(0, before).map(({ bytes }) => bytes)).toEqual(own.slice(0, before));
      }),
      { numRuns: 150 },
    );
  });

  test('in its trailer is told, and all of it is shown', async () => {
    const { batches, key, body } = await makeObject(5);
    for (const [index, { to }] of dataBounds(body).entries()) {
      for (let at = to; at < to + 8; at += 1) {
        const changed = Buffer.from(body);
        changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
        const found = await readBack(archiveOfObjects([{ key, body: changed }]));
        expect(found.messages.map(({ bytes }) => bytes)).toEqual(batches.flat());
        expect(found.messages.some(({ damage }) => damage !== undefined)).toBe(false);
        const offset = [...walkMembers(body)][index]?.offset;
        expect(found.problems).toMatchObject([{ why: expect.stringContaining(`member at byte ${offset}`) }]);
      }
    }
  });

  test('in its batch header hides no message', async () => {
    const { batches, key, body } = await makeObject(3);
    const [, second] = walkMembers(body);
    const from = (second?.offset ?? 0) + 24;
    const all = batches.flat().map((one) => one.toString());
    for (let at = from; at < from + (second?.headerJson.length ?? 0); at += 1) {
      for (const by of [0x01, 0x10, 0x80]) {
        const changed = Buffer.from(body);
        changed.writeUInt8(changed.readUInt8(at) ^ by, at);
        const { messages, problems } = await readBack(archiveOfObjects([{ key, body: changed }]));
        const isLater = problems.some(({ why }) => why.includes('version'));
        const shown = messages.map(({ bytes }) => bytes.toString()).sort();
        if (!isLater) expect(shown).toEqual([...all].sort());
      }
    }
  });

  test('in its head costs no other member anything', async () => {
    const { batches, key, body } = await makeObject(5);
    const [, second] = walkMembers(body);
    const start = second?.offset ?? 0;
    for (let at = start; at < start + 24; at += 1) {
      const changed = Buffer.from(body);
      changed.writeUInt8(changed.readUInt8(at) ^ 0x11, at);
      const found = await readBack(archiveOfObjects([{ key, body: changed }]));
      const shown = new Set(found.messages.map(({ bytes }) => bytes.toString()));
      for (const one of [...(batches[0] ?? []), ...(batches[2] ?? [])])
        expect(shown).toContain(one.toString());
    }
  });
});

test('of an object that is cut, all that is left is shown', async () => {
  const { batches, key, body } = await makeObject(60);
  const [, , last] = dataBounds(body);
  const from = last?.from ?? 0;
  const to = last?.to ?? 0;
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 0, max: 1, noNaN: true }), async (share) => {
      const end = from + Math.floor((to + 7 - from) * share);
      const found = await readBack(archiveOfObjects([{ key, body: body.subarray(0, end) }]));
      expect(found.problems[0]).toMatchObject({ why: expect.stringContaining('the object ends inside it') });
      const whole = batches.slice(0, 2).flat();
      expect(frames(found).length).toBeGreaterThanOrEqual(whole.length);
      const all = frameMessages(batches.flat());
      const shown = Buffer.concat(frames(found));
      expect(all.subarray(0, shown.length)).toEqual(shown);
      if (end >= to) expect(shown).toEqual(all);
      const share2 = Math.max(0, Math.floor(60 * share * 0.5) - 5);
      expect(frames(found).length).toBeGreaterThanOrEqual(whole.length + share2);
    }),
    { numRuns: 60 },
  );
});

test('what is missing is told in bytes and messages', async () => {
  const { batches, key, body } = await makeObject(60);
  const [, , last] = dataBounds(body);
  const cut = body.subarray(0, (last?.from ?? 0) + 200);
  const found = await readBack(archiveOfObjects([{ key, body: cut }]));
  const left = found.messages.filter(({ damage }) => damage !== undefined);
  const bytes = frameMessages(batches[2] ?? []).length;
  const shownBytes = left.reduce((sum, { frame }) => sum + frame.length, 0);
  const whole = left.filter(({ guessed, kind }) => !guessed && kind === 'message').length;
  expect(found.problems).toHaveLength(2);
  expect(found.problems[1]?.why).toContain(
    `${bytes - shownBytes} of ${bytes} bytes and ${60 - whole} of 60 messages are missing`,
  );
});
