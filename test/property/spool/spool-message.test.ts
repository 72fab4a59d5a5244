import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { AppName } from '../../../lib/drains/app-name.ts';
import { BadMessageError, decodeMessage, encodeMessage } from '../../../lib/spool/message.ts';
import { seal, testToken } from '../../support/batches.ts';
import { message } from '../../support/messages.ts';

const t0 = Date.parse('2026-11-21T20:52:47.822Z');

const anyRaw = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  fc.string().map((text) => message(text, t0)),
);
const anyBatch = fc.record({
  raw: anyRaw,
  token: fc.constantFrom(undefined, testToken, 'no token'),
  frameId: fc.option(fc.string(), { nil: undefined }),
  requestId: fc.option(fc.string({ maxLength: 400 }), { nil: undefined }),
  receivedAt: fc.integer({ min: 0, max: 4_000_000_000_000 }),
  app: fc.constantFrom('my-app', 'd-00000000', `a${'b'.repeat(29)}`).map((name) => name as AppName),
});

/** The error that reading it ends in, if it does; throws what is no error of ours. */
function failureOf(text: string): BadMessageError | undefined {
  try {
    decodeMessage(text);
    return undefined;
  } catch (error) {
    if (error instanceof BadMessageError) return error;
    throw error;
  }
}

test('any batch that the receiver seals comes out of a message as it went in', async () => {
  await fc.assert(
    fc.asyncProperty(anyBatch, async ({ raw, ...setup }) => {
      const { key, member } = await seal(raw, setup);
      const read = decodeMessage(encodeMessage({ key, member }));
      expect(read.key).toBe(key);
      expect(read.member.equals(member)).toBe(true);
    }),
  );
});

test('any text is read or said to be bad, and nothing else happens', () => {
  const json = fc.oneof(fc.string(), fc.integer(), fc.json(), fc.constantFrom('logs/my-app/2026/11/21/', ''));
  const almost = fc
    .record(
      { v: fc.constantFrom(1, 2, '1', null), key: json, sha256: json, member: json },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value));
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), almost), (text) => {
      expect(failureOf(text)).toBeInstanceOf(BadMessageError);
    }),
    { numRuns: 500 },
  );
});

test('a message that was changed in any way is the same member, or bad', async () => {
  const sealed = await seal(message('hello', t0), { token: testToken, frameId: 'f' });
  const text = encodeMessage(sealed);
  const at = fc.nat({ max: text.length });
  fc.assert(
    fc.property(at, at, fc.string({ maxLength: 4 }), (from, to, inserted) => {
      const changed = text.slice(0, Math.min(from, to)) + inserted + text.slice(Math.max(from, to));
      if (failureOf(changed) !== undefined) return;
      const read = decodeMessage(changed);
      expect(read.key).toBe(sealed.key);
      expect(read.member.equals(sealed.member)).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});
