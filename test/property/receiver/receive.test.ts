import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRange } from '../../../lib/archive/read/read-messages.ts';
import { parseAppName } from '../../../lib/drains/app-name.ts';
import { inspectBatch } from '../../../lib/logplex/batch.ts';
import { frameMessages, visitFrames } from '../../../lib/logplex/frames.ts';
import { message } from '../../support/messages.ts';
import { ReceiverHarness, unmappedToken } from '../../support/receiver.ts';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));
const anyMessage = fc.oneof(
  bytes(200),
  bytes(200).map((text) => message(text.toString('latin1'))),
  fc.constantFrom('\n', '', '5 hello', '\u0000', '🚰').map((text) => Buffer.from(text)),
  fc.integer({ min: 10_001, max: 12_000 }).map((length) => Buffer.alloc(length, 'x')),
);
const anyMessages = fc.array(anyMessage, { maxLength: 30 });

/** A body that was valid until something happened to it on its way. */
const mutated = fc
  .tuple(
    fc.array(anyMessage, { minLength: 1, maxLength: 8 }).map(frameMessages),
    fc.array(
      fc.record({
        kind: fc.constantFrom('cut', 'splice', 'digit', 'swap', 'repeat'),
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        with: bytes(20),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  )
  .map(([body, mutations]) => mutations.reduce(mutate, body));

function mutate(body: Buffer, mutation: { kind: string; at: number; with: Buffer }): Buffer {
  const at = Math.floor(mutation.at * body.length);
  switch (mutation.kind) {
    case 'cut':
      return body.subarray(0, at);
    case 'splice':
      return Buffer.concat([body.subarray(0, at), mutation.with, body.subarray(at)]);
    case 'digit':
      return Buffer.concat([body.subarray(0, at), Buffer.from('9'), body.subarray(at + 1)]);
    case 'swap':
      return Buffer.concat([body.subarray(at), body.subarray(0, at)]);
    default:
      return Buffer.concat([body, body.subarray(0, at)]);
  }
}

test('any list of messages, framed, received, archived and read back, is the same list', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyMessage, { minLength: 1, maxLength: 30 }), async (messages) => {
      const receiver = new ReceiverHarness();
      const headers = { 'logplex-msg-count': String(messages.length) };
      expect(await receiver.post(frameMessages(messages), headers)).toEqual({ status: 200 });
      expect(receiver.counters.total('malformed')).toBe(0);
      expect(receiver.counters.total('messages')).toBe(messages.length);

      const app = parseAppName('my-app');
      if (app === undefined) throw new Error('no app');
      const read: Buffer[] = [];
      for await (const item of readRange(receiver.store, app, { since: 0 })) {
        if (item.kind !== 'problem') read.push(item.bytes);
      }
      expect(read).toEqual(messages);
    }),
  );
});

test('any mutation of a valid body is answered 200 and stored byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(mutated, fc.option(fc.nat(50)), async (body, claimed) => {
      const receiver = new ReceiverHarness();
      const headers = claimed === null ? {} : { 'logplex-msg-count': String(claimed) };
      expect(await receiver.post(body, headers)).toEqual({ status: 200 });
      expect([...receiver.store.objects.values()].map((object) => gunzipSync(object))).toEqual([body]);
      const facts = inspectBatch(body, Date.now());
      const wellFormed = facts.fault === undefined && (claimed === null || claimed === facts.messages);
      expect(receiver.counters.total('malformed')).toBe(wellFormed ? 0 : 1);
    }),
    { numRuns: 200 },
  );
});

test('random bytes under any headers are answered 200 and stored', async () => {
  const anyHeader = fc.oneof(fc.string(), fc.constantFrom('gzip', 'identity', '1', 'br', unmappedToken));
  await fc.assert(
    fc.asyncProperty(
      bytes(500),
      fc.record(
        {
          'logplex-msg-count': anyHeader,
          'logplex-frame-id': anyHeader,
          'logplex-drain-token': anyHeader,
          'x-request-id': anyHeader,
          'content-encoding': anyHeader,
          'content-type': anyHeader,
        },
        { requiredKeys: [] },
      ),
      fc.string().map((path) => `/${path}`),
      async (body, headers, path) => {
        const receiver = new ReceiverHarness();
        const given = headers as Record<string, string>;
        expect(await receiver.post(body, given, { path })).toEqual({ status: 200 });
        expect([...receiver.store.objects.values()].map((object) => gunzipSync(object))).toEqual([body]);
      },
    ),
    { numRuns: 200 },
  );
});

test('batches that differ have different keys; a retry has the same', async () => {
  const at = Date.now();
  const identity = fc.record({
    body: anyMessages.map((messages) => frameMessages([message('first', at), ...messages])),
    'logplex-frame-id': fc.constantFrom('a', 'b', 'ab'),
    'logplex-drain-token': fc.constantFrom(unmappedToken, unmappedToken.replace('1a', '2a')),
  });
  await fc.assert(
    fc.asyncProperty(identity, identity, async (one, other) => {
      const receiver = new ReceiverHarness();
      for (const { body, ...headers } of [one, other, one, other]) await receiver.post(body, headers);
      const same = JSON.stringify(one) === JSON.stringify(other);
      expect(receiver.store.objects.size).toBe(same ? 1 : 2);
      expect(receiver.counters.total('duplicates')).toBe(same ? 3 : 2);
    }),
  );
});

test('a retry of a batch without a readable time keeps its uuid', async () => {
  await fc.assert(
    fc.asyncProperty(bytes(100), async (body) => {
      const receiver = new ReceiverHarness();
      await receiver.post(body, { 'logplex-frame-id': 'a' });
      await receiver.post(body, { 'logplex-frame-id': 'a' });
      expect(new Set([...receiver.store.objects.keys()].map((key) => key.slice(-39))).size).toBe(1);
    }),
  );
});

test('framing takes back what it gave, and never reads outside', () => {
  fc.assert(
    fc.property(anyMessages, bytes(20), (messages, rest) => {
      const framed = frameMessages(messages);
      const body = Buffer.concat([framed, rest]);
      const found: Buffer[] = [];
      const { frames, end } = visitFrames(body, (start, stop) => found.push(body.subarray(start, stop)));
      expect(found.slice(0, messages.length)).toEqual(messages);
      expect(frames).toBe(found.length);
      expect(end).toBeGreaterThanOrEqual(framed.length);
      expect(end).toBeLessThanOrEqual(body.length);
    }),
  );
});
