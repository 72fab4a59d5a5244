import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inspectBatch } from '../../../lib/logplex/batch.ts';
import { parseTimestamp } from '../../../lib/logplex/timestamp.ts';
import { batch, overflow, timestamp } from '../../support/messages.ts';

const minute = 60_000;
const day = 24 * 60 * minute;
const receivedAt = Date.parse('2026-12-01T09:00:37.748Z');

const instant = fc
  .oneof(
    fc.integer({ min: -minute, max: minute }),
    fc.integer({ min: -3 * day, max: day }),
    fc.constantFrom(-day, -day - 1, 5 * minute, 5 * minute + 1),
  )
  .map((ms) => receivedAt + ms);

/** As Heroku writes it, in other forms of RFC 3339, of its width but no time, or nothing like it. */
const written = fc.oneof(
  { weight: 6, arbitrary: instant.map(timestamp) },
  { weight: 1, arbitrary: instant.map((at) => new Date(at).toISOString()) },
  { weight: 1, arbitrary: instant.map((at) => timestamp(at + 90 * minute).replace('+00:00', '+01:30')) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '2026-11-31T09:00:37.748123+00:00',
      '2026-12-01T09:61:37.748123+00:00',
      '9999-99-99T99:99:99.999999+00:00',
      'xxxx-xx-xxTxx:xx:xx.xxxxxx+00:00',
      '0000-00-00T00:00:00.000000+00:00',
      '-',
      '',
    ),
  },
);

const sent = fc.oneof(
  { weight: 4, arbitrary: written.map((time) => ({ time, notice: false })) },
  { weight: 1, arbitrary: instant.map((at) => ({ time: timestamp(at), notice: true })) },
);

test('the times of a batch follow from those of its messages, whatever they are', () => {
  fc.assert(
    fc.property(fc.array(sent, { maxLength: 12 }), (messages) => {
      const body = batch(
        ...messages.map(({ time, notice }) =>
          notice
            ? overflow(1, parseTimestamp(time) ?? 0)
            : Buffer.from(`<190>1 ${time} host app web.1 - text\n`),
        ),
      );
      const own = messages.flatMap(({ time, notice }) => {
        const at = parseTimestamp(time);
        return at === undefined ? [] : [{ at, notice }];
      });
      const naming = own.filter(
        ({ at, notice }) => !notice && at >= receivedAt - day && at <= receivedAt + 5 * minute,
      );
      const to = naming.length === 0 ? undefined : Math.max(...naming.map(({ at }) => at));
      const epochMs = to ?? receivedAt;
      const counting = own.filter(({ at }) => at >= epochMs - day && at <= epochMs);
      const ofMessages = counting.filter(({ notice }) => !notice).map(({ at }) => at);

      expect(inspectBatch(body, receivedAt).times).toEqual({
        from: ofMessages.length === 0 ? undefined : Math.min(...ofMessages),
        to,
        epochMs,
        oldest: Math.min(epochMs, ...counting.map(({ at }) => at)),
      });
    }),
    { numRuns: 2_000 },
  );
});
