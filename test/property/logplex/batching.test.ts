import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchesOf, type OutgoingBatch } from '../../../lib/logplex/batching.ts';
import { visitFrames } from '../../../lib/logplex/frames.ts';
import { readSyslogHeader } from '../../../lib/logplex/syslog.ts';

async function collect(
  chunks: Iterable<Uint8Array>,
  options?: Parameters<typeof batchesOf>[1],
): Promise<OutgoingBatch[]> {
  const batches: OutgoingBatch[] = [];
  for await (const batch of batchesOf(chunks, options)) batches.push(batch);
  return batches;
}

/** The messages' texts, headers taken off. */
function textsOf({ body }: OutgoingBatch): Buffer[] {
  const texts: Buffer[] = [];
  const { fault } = visitFrames(body, (start, end) => {
    texts.push(body.subarray(readSyslogHeader(body, start, end)?.text, end));
  });
  expect(fault).toBeUndefined();
  return texts;
}

/** Bytes with many newlines, and now and then a line too long for one message. */
const input = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constant(Uint8Array.of(0x0a)),
      fc.integer({ min: 9_990, max: 30_010 }).map((length) => new Uint8Array(length).fill(0xc3)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => Buffer.concat(parts));

describe('batchesOf', () => {
  it('loses, adds and changes nothing but a last newline', async () => {
    await fc.assert(
      fc.asyncProperty(input, async (bytes) => {
        const batches = await collect([bytes]);

        const sent = Buffer.concat(batches.flatMap(textsOf));

        const ended = bytes.length === 0 || bytes.at(-1) === 0x0a;
        expect(sent.equals(ended ? bytes : Buffer.concat([bytes, Buffer.from('\n')]))).toBe(true);
      }),
    );
  });

  it('makes the same messages wherever the stream is cut into chunks', async () => {
    await fc.assert(
      fc.asyncProperty(input, fc.array(fc.nat(40_000)), async (bytes, cuts) => {
        const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort(
          (a, b) => a - b,
        );
        const chunks = edges
          .slice(1)
          .map((end, i) => bytes.subarray(edges[i], end))
          .filter(({ length }) => length > 0);

        const texts = (batches: OutgoingBatch[]) =>
          batches.flatMap(textsOf).map((text) => text.toString('hex'));

        expect(texts(await collect(chunks))).toEqual(texts(await collect([bytes])));
      }),
    );
  });

  it('keeps every limit', async () => {
    await fc.assert(
      fc.asyncProperty(input, fc.integer({ min: 1, max: 30 }), async (bytes, maxMessages) => {
        for (const batch of await collect([bytes], { maxMessages })) {
          const texts = textsOf(batch);
          expect(texts.length).toBe(batch.messages);
          expect(batch.messages).toBeGreaterThan(0);
          expect(batch.messages).toBeLessThanOrEqual(maxMessages);
          expect(batch.body.length).toBeLessThanOrEqual(100 * 1024);
          for (const text of texts) expect(text.length).toBeLessThanOrEqual(10_001);
        }
      }),
    );
  });
});
