import fc from 'fast-check';
import { parseKey } from '../../lib/archive/format/key.ts';
import { walkMembers } from '../../lib/archive/format/member.ts';
import { memberEpoch, parseBatchHeader } from '../../lib/archive/format/read-header.ts';
import type { SealedBatch } from '../../lib/archive/format/seal.ts';
import { countedTime } from '../../lib/logplex/batch-times.ts';
import { planObjects } from '../../lib/spool/plan-objects.ts';
import { seal, testToken } from './batches.ts';
import { batch, message, overflow } from './messages.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
/** Receipts are within two days from here on. */
export const t0 = Date.parse('2026-11-21T20:52:47.822Z');

/** How far a message's time is behind the receipt of its batch: often near a limit, sometimes no time at all. */
const lag = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -4 * minute, max: 20 * minute }) },
  { weight: 2, arbitrary: fc.integer({ min: -10 * minute, max: 50 * hour }) },
  { weight: 1, arbitrary: fc.constantFrom(-5 * minute, 10 * minute, 20 * minute, day - 1, day, day + 1) },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
);

/** A batch, as it was sent and how it is stored. */
export const sentBatch = fc.record({
  /** Of the batch's first try, behind {@link t0}. */
  receivedAfter: fc.integer({ min: 0, max: 2 * day }),
  lags: fc.array(fc.record({ lag, notice: fc.boolean() }), { minLength: 1, maxLength: 6 }),
  /** By itself, in an object of many, or in both. */
  stored: fc.constantFrom('single', 'gathered', 'both'),
});

export interface SentBatch {
  readonly sealed: SealedBatch;
  /** At which each of its messages counts. */
  readonly times: readonly number[];
  readonly frames: readonly string[];
  readonly stored: 'single' | 'gathered' | 'both';
}

export async function sealSent(
  { receivedAfter, lags, stored }: typeof sentBatch extends fc.Arbitrary<infer T> ? T : never,
  n: number,
): Promise<SentBatch> {
  const receivedAt = t0 + receivedAfter;
  const messages = lags.map(({ lag, notice }, index) => {
    if (Number.isNaN(lag)) return Buffer.from(`<190>1 - host app web.1 - ${n}/${index}\n`);
    return notice ? overflow(index + 1, receivedAt - lag) : message(`${n}/${index}`, receivedAt - lag);
  });
  const sealed = await seal(batch(...messages), { token: testToken, frameId: `frame-${n}`, receivedAt });
  const [member] = walkMembers(sealed.member);
  const epochMs = memberEpoch(parseBatchHeader(member?.headerJson ?? Buffer.alloc(0)));
  return {
    sealed,
    times: lags.map((each) => countedTime(receivedAt - each.lag, epochMs)),
    frames: messages.map((each) => `${n}: ${each.toString('latin1')}`),
    stored,
  };
}

/** The objects of an archive that holds these batches. */
export function storeSent(batches: readonly SentBatch[]): Map<string, Buffer> {
  const objects = new Map<string, Buffer>();
  for (const { sealed, stored } of batches) {
    if (stored !== 'gathered') objects.set(sealed.key, sealed.member);
  }
  const gathered = batches
    .filter(({ stored }) => stored !== 'single')
    .flatMap(({ sealed: { key, member } }) => {
      const parts = parseKey(key);
      return parts === undefined ? [] : [{ parts, bytes: member.length, member }];
    });
  for (const { key, members } of planObjects(gathered, 1024 * 1024)) {
    objects.set(key, Buffer.concat(members.map(({ member }) => member)));
  }
  return objects;
}
