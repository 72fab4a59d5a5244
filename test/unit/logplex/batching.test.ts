import { describe, expect, it } from 'vitest';
import { batchesOf, type OutgoingBatch } from '../../../lib/logplex/batching.ts';

const now = (): number => Date.UTC(2026, 10, 3, 10, 11, 12) + 7.0625;

async function collect(...chunks: readonly (string | Buffer)[]): Promise<OutgoingBatch[]> {
  const batches: OutgoingBatch[] = [];
  for await (const batch of batchesOf(
    chunks.map((chunk) => Buffer.from(chunk)),
    { now },
  ))
    batches.push(batch);
  return batches;
}

const header = '<190>1 2026-11-03T10:11:12.007062+00:00 host app send.1 - ';

describe('batchesOf', () => {
  it('makes a message of each line, as Logplex writes it', async () => {
    const [batch, ...rest] = await collect('hello\n', '\r\n');

    expect(rest).toEqual([]);
    expect(batch?.messages).toBe(2);
    expect(batch?.frameId).toMatch(/^[0-9a-f]{32}$/);
    expect(batch?.body.toString()).toBe(`64 ${header}hello\n60 ${header}\r\n`);
  });

  it('counts bytes, and keeps those that are no UTF-8', async () => {
    const [batch] = await collect(Buffer.from([0xff, 0xc3, 0x28, 0x0a]));

    expect(batch?.body.subarray(-4)).toEqual(Buffer.from([0xff, 0xc3, 0x28, 0x0a]));
    expect(batch?.body.toString('latin1')).toMatch(/^62 </);
  });

  it('sends an empty line as a message, and a last line without a newline with one', async () => {
    const [batch] = await collect('\na');

    expect(batch?.body.toString()).toBe(`59 ${header}\n60 ${header}a\n`);
  });

  it('makes nothing of nothing', async () => {
    expect(await collect()).toEqual([]);
    expect(await collect('')).toEqual([]);
  });

  it('splits a line of more than 10,000 bytes, with a newline only at its end', async () => {
    const [batch] = await collect(`${'x'.repeat(20_001)}\n${'y'.repeat(10_000)}\n`);

    const pieces = batch?.body.toString().match(/(?<= - )[xy]+\n?/g) ?? [];
    expect(pieces.map((piece) => [piece[0], piece.trimEnd().length, piece.endsWith('\n')])).toEqual([
      ['x', 10_000, false],
      ['x', 10_000, false],
      ['x', 1, true],
      ['y', 10_000, true],
    ]);
  });

  it('closes a batch at 1,024 messages', async () => {
    const batches = await collect('x\n'.repeat(2_500));

    expect(batches.map(({ messages }) => messages)).toEqual([1024, 1024, 452]);
    expect(new Set(batches.map(({ frameId }) => frameId)).size).toBe(3);
  });

  it('closes a batch before it passes 100 KiB', async () => {
    const batches = await collect(`${'x'.repeat(9_000)}\n`.repeat(23));

    expect(batches.map(({ messages }) => messages)).toEqual([11, 11, 1]);
  });

  it('sends whole lines at an empty chunk, and keeps the unfinished one', async () => {
    const batches = await collect('one\ntw', '', '', 'o\n');

    expect(batches.map(({ body }) => body.toString())).toEqual([`62 ${header}one\n`, `62 ${header}two\n`]);
  });

  it('keeps what it was given although the reader uses its buffer again', async () => {
    const chunk = Buffer.from('abc');
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield chunk;
      chunk.fill(0x2e);
      yield Buffer.from('d\n');
    }
    const bodies: string[] = [];
    for await (const { body } of batchesOf(chunks(), { now })) bodies.push(body.toString());

    expect(bodies).toEqual([`63 ${header}abcd\n`]);
  });
});
