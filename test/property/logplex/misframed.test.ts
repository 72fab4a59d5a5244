import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inspectBatch } from '../../../lib/logplex/batch.ts';
import { frameMessages, visitFrames } from '../../../lib/logplex/frames.ts';
import { type Piece, piecesOf } from '../../../lib/logplex/misframed.ts';
import { archiveOf, readBack, seal } from '../../support/batches.ts';
import { message, overflow } from '../../support/messages.ts';

const t0 = Date.parse('2026-11-21T20:52:47.822Z');

const line = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll(/[\r\n]/g, ' '));
const lines = fc.array(line, { minLength: 1, maxLength: 4 }).map((all) => all.join('\n').trimEnd());
/** Texts as applications write them: of any characters, some of several lines. None looks like a frame. */
const texts = fc.array(lines, { minLength: 1, maxLength: 12 });

const messagesOf = (all: readonly string[]) => all.map((text, n) => message(text, t0 + n));
const framed = (all: readonly Buffer[], length: (one: Buffer) => number, between = '') =>
  Buffer.concat(all.flatMap((one) => [Buffer.from(`${length(one)} `), one, Buffer.from(between)]));

const shown = (body: Buffer, piece: Piece) => body.toString('utf8', piece.start, piece.end).trimEnd();

/** Every byte is in one piece, and every message lies inside of its own. */
function checkCover(body: Buffer, pieces: readonly Piece[]): void {
  let from = 0;
  for (const { start, end, next } of pieces) {
    expect(start).toBeGreaterThanOrEqual(from);
    expect(end).toBeGreaterThanOrEqual(start);
    expect(next).toBeGreaterThanOrEqual(end);
    from = next;
  }
  expect(from).toBe(body.length);
}

describe('a body whose framing is wrong is read as the messages that it was made of', () => {
  const misframings: readonly (readonly [string, (all: readonly Buffer[]) => Buffer])[] = [
    ['lengths leave out the newline', (all) => framed(all, (one) => one.length - 1)],
    ['lengths count characters', (all) => framed(all, (one) => [...one.toString()].length)],
    ['lengths count UTF-16', (all) => framed(all, (one) => one.toString().length)],
    [
      'lengths count characters, without the newline',
      (all) => framed(all, (one) => [...one.toString()].length - 1),
    ],
    ['CRLF between frames', (all) => framed(all, (one) => one.length, '\r\n')],
    ['a newline between frames', (all) => framed(all, (one) => one.length, '\n')],
    ['no framing', (all) => Buffer.concat(all)],
    [
      'no framing, with CRLF',
      (all) => Buffer.concat(all.map((one) => Buffer.concat([one.subarray(0, -1), Buffer.from('\r\n')]))),
    ],
    ['lengths that are too large by one', (all) => framed(all, (one) => one.length + 1)],
    ['lengths that are too large by many', (all) => framed(all, (one) => one.length + 100_000)],
    ['lengths of which one is damaged', (all) => framed(all, (one) => one.length + (one === all[0] ? 3 : 0))],
  ];
  test.each(misframings)('%s', (_, misframe) => {
    fc.assert(
      fc.property(texts, (all) => {
        const messages = messagesOf(all);
        const body = misframe(messages);
        const pieces = piecesOf(body);
        checkCover(body, pieces);
        expect(pieces.map((piece) => shown(body, piece))).toEqual(
          messages.map((one) => one.toString().trimEnd()),
        );
        expect(pieces.filter(({ kind }) => kind === 'rest')).toEqual([]);
        const facts = inspectBatch(body, t0);
        expect(facts).toMatchObject({ messages: all.length, times: { from: t0, to: t0 + all.length - 1 } });
      }),
      { numRuns: 300 },
    );
  });

  test.each(misframings)('%s: loss notices behind the fault are counted', (_, misframe) => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 999 }), (all, lost) => {
        const notice = Buffer.concat([overflow(lost, t0), Buffer.from('\n')]);
        const body = misframe([...messagesOf(all), notice, ...messagesOf(all)]);
        expect(inspectBatch(body, t0).losses).toEqual({ L10: lost });
      }),
    );
  });
});

const anyBytes = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes));
const header = '<190>1 2026-11-21T20:52:47.822123+00:00 host app web.1 - ';
/** Parts of which bodies can be made that mislead: lengths, headers, line ends, and what is neither. */
const part = fc.oneof(
  anyBytes,
  fc.nat(120).map((length) => Buffer.from(`${length} `)),
  fc
    .constantFrom('\n', '\r\n', header, `\n${header}`, '<190>1 ', '0 ', 'é', '12', 'x\n')
    .map((text) => Buffer.from(text)),
  anyBytes.map((bytes) => frameMessages([bytes])),
  lines.map((text) => frameMessages([message(text, t0)])),
);
const anyBody = fc.array(part, { maxLength: 20 }).map((parts) => Buffer.concat(parts));

test('of any body every byte is in one piece, and what is counted is what is shown', () => {
  fc.assert(
    fc.property(anyBody, (body) => {
      const pieces = piecesOf(body);
      checkCover(body, pieces);
      expect(inspectBatch(body, t0).messages).toBe(pieces.filter(({ kind }) => kind !== 'rest').length);
    }),
    { numRuns: 2000 },
  );
});

describe('a body of 4 MiB that misleads', () => {
  const bytes = 4 * 1024 * 1024;
  const start = '<1>1 2026-11-21T00:00:00Z ';
  /** Frames within frames that all end in the same place, where the framing breaks. */
  const nested = (): Buffer => {
    const count = bytes / 2 / 40;
    const parts = Array.from(
      { length: count },
      (_, n) => `${String(40 * (count - n) - 9).padStart(8, '1')} ${start}`,
    );
    return Buffer.concat([Buffer.from(parts.join('')), Buffer.alloc(bytes / 2, '9999999 ')]);
  };
  test.each<[string, () => Buffer]>([
    ['beginnings of a header', () => Buffer.alloc(bytes, '<1>1 2026')],
    ['headers without a length', () => Buffer.alloc(bytes, `\n${start}`)],
    ['lengths that are too large', () => Buffer.alloc(bytes, `\n3000000 ${start}`)],
    ['lengths that are a little too large', () => Buffer.alloc(bytes, `28 ${start}`)],
    [
      'frames of nothing, and a header',
      () => Buffer.concat([Buffer.alloc(bytes, '0 '), Buffer.from(`\n${start}x`)]),
    ],
    ['line ends', () => Buffer.concat([Buffer.from('1 a'), Buffer.alloc(bytes, '\n'), Buffer.from('x')])],
    ['frames within frames', nested],
  ])('is read in one go: %s', (_, make) => {
    // What takes more time than in proportion to the length takes hours here.
    const body = make();
    expect(piecesOf(body).at(-1)?.next).toBe(body.length);
    expect(inspectBatch(body, t0).fault).toBeDefined();
  });
});

test('good frames are read by their lengths, whatever they hold', () => {
  fc.assert(
    fc.property(fc.array(part, { minLength: 1, maxLength: 20 }), (messages) => {
      const body = frameMessages(messages);
      const pieces = piecesOf(body);
      expect(pieces.map(({ start, end }) => body.subarray(start, end))).toEqual(messages);
      expect(pieces.every(({ kind }) => kind === 'frame')).toBe(true);
    }),
  );
});

test('--raw shows every byte of any batch once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(anyBody, async (body) => {
      const { messages } = await readBack(archiveOf(await seal(body, { receivedAt: t0 })));
      expect(Buffer.concat(messages.map(({ frame }) => frame))).toEqual(body);
    }),
    { numRuns: 500 },
  );
});

test('line ends behind the last frame are no fault', () => {
  fc.assert(
    fc.property(
      texts,
      fc.array(fc.constantFrom('\n', '\r\n'), { minLength: 1, maxLength: 9 }),
      (all, ends) => {
        const good = frameMessages(messagesOf(all));
        const body = Buffer.concat([good, Buffer.from(ends.join(''))]);
        expect(visitFrames(body, () => undefined)).toEqual({ frames: all.length, end: good.length });
        const pieces = piecesOf(body);
        checkCover(body, pieces);
        expect(pieces.map(({ kind }) => kind)).toEqual(all.map(() => 'frame'));
      },
    ),
  );
});
