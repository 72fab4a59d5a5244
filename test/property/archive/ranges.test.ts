import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseKey } from '../../../lib/archive/format/key.ts';
import { archiveOfObjects, readBack } from '../../support/batches.ts';
import { timestamp } from '../../support/messages.ts';
import { sealSent, sentBatch, storeSent, t0 } from '../../support/sent-batches.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

const cuts = fc.array(fc.integer({ min: -3 * day, max: 3 * day }), { maxLength: 5 });

test('ranges that meet show every message once, at its own time, whatever the times in it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sentBatch, { minLength: 1, maxLength: 8 }), cuts, async (all, at) => {
      const batches = await Promise.all(all.map(sealSent));
      const archive = archiveOfObjects([...storeSent(batches)].map(([key, body]) => ({ key, body })));
      // Near the messages' own times, where a range that is cut wrong would lose one.
      const edges = [...at.map((ms) => t0 + ms), ...batches.flatMap(({ times }) => times.slice(0, 1))];
      const starts = [0, ...new Set(edges)].sort((a, b) => a - b);
      for (const [n, since] of starts.entries()) {
        const until = starts[n + 1] ?? Number.POSITIVE_INFINITY;
        const { messages, problems } = await readBack(
          archive,
          n + 1 < starts.length ? { since, until } : { since },
        );
        expect(problems).toEqual([]);
        const found = messages.map(
          ({ member, bytes }) => `${member.frame?.slice(6)}: ${bytes.toString('latin1')}`,
        );
        const expected = batches.flatMap(({ times, frames }) =>
          frames.filter((_, index) => (times[index] ?? 0) >= since && (times[index] ?? 0) < until),
        );
        expect(found.sort(), `${timestamp(since)} to ${until}`).toEqual(expected.sort());
      }
    }),
    { numRuns: 150 },
  );
});

test('a range reads the objects that can hold its messages, and lists those of a day behind it', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sentBatch, { minLength: 1, maxLength: 12 }), cuts, async (all, at) => {
      const batches = await Promise.all(all.map(sealSent));
      const objects = storeSent(batches);
      const archive = archiveOfObjects([...objects].map(([key, body]) => ({ key, body })));
      const [first = 0, second = hour] = at;
      const [since, until] = [t0 + Math.min(first, second), t0 + Math.max(first, second) + 1];
      const listed: number[] = [];
      const read: string[] = [];
      await readBack(
        {
          async *list(prefix, after) {
            for await (const object of archive.list(prefix, after)) {
              listed.push(parseKey(object.key)?.epochMs ?? 0);
              yield object;
            }
          },
          read: (key) => {
            read.push(key);
            return archive.read(key);
          },
        },
        { since, until },
      );

      // The one behind the last day ends the list.
      const inDay = listed.filter((epochMs) => epochMs >= since - 70 * minute && epochMs <= until + day);
      expect(listed.length).toBeLessThanOrEqual(inDay.length + 1);
      for (const key of read) {
        const { epochMs = 0, uuid = '' } = parseKey(key) ?? {};
        expect(epochMs - 10 * minute * 2 ** Number(uuid[15])).toBeLessThan(until);
      }
    }),
    { numRuns: 100 },
  );
});
