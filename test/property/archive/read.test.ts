import fc from 'fast-check';
import { expect, test } from 'vitest';
import { walkMembers } from '../../../lib/archive/format/member.ts';
import type { SealedBatch } from '../../../lib/archive/format/seal.ts';
import { frameMessages } from '../../../lib/logplex/frames.ts';
import {
  archiveOf,
  archiveOfObjects,
  mergeMembers,
  readBack,
  seal,
  testToken,
} from '../../support/batches.ts';
import { message, overflow } from '../../support/messages.ts';

const t0 = Date.parse('2026-11-21T20:52:47.822Z');
const second = 1000;

const anyBytes = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes));
const logLine = fc
  .record({ bytes: anyBytes, newline: fc.boolean() })
  .map(({ bytes, newline }) =>
    Buffer.concat([message('', t0).subarray(0, -1), bytes, Buffer.from(newline ? '\n' : '')]),
  );
const anyMessage = fc.oneof(anyBytes, logLine);
const anyMessages = fc.array(anyMessage, { minLength: 1, maxLength: 20 });

/** Batches as a drain sends them: each with its own frame id, seconds to minutes apart. */
const anyBatches = fc.array(
  fc.record({ messages: anyMessages, after: fc.integer({ min: 1, max: 100 * second }) }),
  { minLength: 1, maxLength: 8 },
);

async function sealAll(
  parts: readonly { messages: readonly Buffer[]; after: number }[],
): Promise<SealedBatch[]> {
  let at = t0;
  const sealed: SealedBatch[] = [];
  for (const [n, { messages, after }] of parts.entries()) {
    at += after;
    const first = message(`batch ${n}`, at);
    sealed.push(
      await seal(frameMessages([first, ...messages]), {
        token: testToken,
        frameId: `frame-${n}`,
        receivedAt: at,
      }),
    );
  }
  return sealed;
}

const frames = async (archive: Parameters<typeof readBack>[0]) =>
  Buffer.concat((await readBack(archive)).messages.map(({ frame }) => frame));

test('any list of messages is read back as the same list', async () => {
  await fc.assert(
    fc.asyncProperty(anyMessages, async (messages) => {
      const { messages: read, problems } = await readBack(
        archiveOf(await seal(frameMessages(messages), { receivedAt: t0 })),
      );
      expect(read.map(({ bytes }) => bytes)).toEqual(messages);
      expect(Buffer.concat(read.map(({ frame }) => frame))).toEqual(frameMessages(messages));
      expect(problems).toEqual([]);
    }),
  );
});

test('any bytes, framed or not, are read back whole and in order', async () => {
  const spliced = fc.array(
    fc.oneof(
      anyBytes,
      anyMessage.map((one) => frameMessages([one])),
    ),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(spliced, async (parts) => {
      const raw = Buffer.concat(parts);
      expect(await frames(archiveOf(await seal(raw, { receivedAt: t0 })))).toEqual(raw);
    }),
  );
});

test('batches are read in the order of their times, however they are grouped into objects and repeated', async () => {
  const groups = fc.array(fc.record({ group: fc.nat(3), copies: fc.integer({ min: 1, max: 3 }) }), {
    minLength: 8,
    maxLength: 8,
  });
  await fc.assert(
    fc.asyncProperty(anyBatches, groups, async (parts, places) => {
      const sealed = await sealAll(parts);
      const single = await frames(archiveOf(...sealed));
      const objects = new Map<string, Buffer>();
      for (let group = 0; group <= 3; group += 1) {
        const members = sealed.flatMap((batch, n) => (places[n]?.group === group ? [batch] : []));
        if (members.length === 0) continue;
        const merged = mergeMembers(members);
        objects.set(merged.key, merged.body);
      }
      for (const [n, { key, member }] of sealed.entries()) {
        if ((places[n]?.copies ?? 1) > 1)
          objects.set(key, Buffer.concat(Array(places[n]?.copies).fill(member)));
      }
      const merged = archiveOfObjects([...objects].map(([key, body]) => ({ key, body })));
      expect(await frames(merged)).toEqual(single);
      expect(single).toEqual(Buffer.concat(parts.map(({ messages }, n) => batchBytes(parts, n, messages))));
    }),
    { numRuns: 60 },
  );
});

function batchBytes(
  parts: readonly { readonly after: number }[],
  n: number,
  messages: readonly Buffer[],
): Buffer {
  const at = parts.slice(0, n + 1).reduce((sum, { after }) => sum + after, t0);
  return frameMessages([message(`batch ${n}`, at), ...messages]);
}

test('of a batch whose loss notice was rendered anew, messages show once and the largest count', async () => {
  const counts = fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { minLength: 1, maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(anyMessages, counts, fc.boolean(), async (messages, lost, withPlain) => {
      const payload = [message('first', t0), ...messages];
      const setup = { token: testToken, frameId: 'f', receivedAt: t0 };
      const tries = lost.map((count) => seal(frameMessages([overflow(count, t0), ...payload]), setup));
      if (withPlain) tries.push(seal(frameMessages(payload), setup));
      const expected = [overflow(Math.max(...lost), t0), ...payload];
      const read = await readBack(archiveOf(...(await Promise.all(tries))));
      expect(read.messages.map(({ bytes }) => bytes)).toEqual(expected);
    }),
    { numRuns: 60 },
  );
});

test('ranges that meet share no message and miss none', async () => {
  const cuts = fc.uniqueArray(fc.integer({ min: t0 - 3_600_000, max: t0 + 7_200_000 }), { maxLength: 4 });
  const farMessages = fc.array(
    fc.integer({ min: -200 * 60, max: 200 * 60 }).map((s) => message('far', t0 + s * second)),
    { maxLength: 5 },
  );
  await fc.assert(
    fc.asyncProperty(anyBatches, farMessages, fc.boolean(), cuts, async (parts, far, merge, at) => {
      const sealed = await sealAll(parts.map((part) => ({ ...part, messages: [...part.messages, ...far] })));
      const archive = merge ? archiveOfObjects([mergeMembers(sealed)]) : archiveOf(...sealed);
      const edges = [0, ...at.sort((a, b) => a - b)];
      const found: string[] = [];
      for (const [n, since] of edges.entries()) {
        const until = edges[n + 1];
        const { messages } = await readBack(archive, until === undefined ? { since } : { since, until });
        found.push(...messages.map(({ frame }) => frame.toString('latin1')));
      }
      const all = (await readBack(archive)).messages.map(({ frame }) => frame.toString('latin1'));
      expect(found.sort()).toEqual(all.sort());
    }),
    { numRuns: 60 },
  );
});

test('a stored object that was changed in any way is shown or reported, and never throws', async () => {
  const change = fc.oneof(
    fc
      .record({ at: fc.nat(), byte: fc.integer({ min: 1, max: 255 }) })
      .map(({ at, byte }) => (body: Buffer) => {
        const changed = Buffer.from(body);
        changed.writeUInt8(changed.readUInt8(at % body.length) ^ byte, at % body.length);
        return changed;
      }),
    fc.nat().map((at) => (body: Buffer) => body.subarray(0, at % body.length)),
    fc.tuple(fc.nat(), anyBytes).map(([at, bytes]) => (body: Buffer) => {
      const cut = at % body.length;
      return Buffer.concat([body.subarray(0, cut), bytes, body.subarray(cut)]);
    }),
    anyBytes.map((bytes) => () => bytes),
  );
  await fc.assert(
    fc.asyncProperty(anyBatches, fc.array(change, { minLength: 1, maxLength: 3 }), async (parts, changes) => {
      const { key, body } = mergeMembers(await sealAll(parts));
      const changed = changes.reduce((bytes, apply) => (bytes.length === 0 ? bytes : apply(bytes)), body);
      // An object that ends with one of its members is an object, whatever it was before.
      fc.pre(
        !endsOfMembers(body).includes(changed.length) || !body.subarray(0, changed.length).equals(changed),
      );
      const whole = await readBack(archiveOfObjects([{ key, body }]));
      const found = await readBack(archiveOfObjects([{ key, body: changed }]));
      const shown = new Set(found.messages.map(({ frame }) => frame.toString('latin1')));
      const missing = whole.messages.some(({ frame }) => !shown.has(frame.toString('latin1')));
      if (missing) expect(found.problems).not.toEqual([]);
    }),
  );
});

function endsOfMembers(body: Buffer): number[] {
  return [...walkMembers(body)].map(({ bytes, offset }) => offset + bytes.length);
}
