import { describe, expect, it } from 'vitest';
import { bufferSize, DrainBuffer, shrunkBufferSize } from '../../support/fake-logplex-buffer.ts';

describe('DrainBuffer', () => {
  const message = Buffer.alloc(100, 'x');

  function filled(count: number, bytes: Buffer = message): DrainBuffer {
    const buffer = new DrainBuffer();
    for (let i = 0; i < count; i += 1) buffer.push(bytes, i);
    return buffer;
  }

  it('loses the oldest when it is full, and says since when', () => {
    const buffer = filled(bufferSize + 5);

    expect(buffer.lost).toEqual([{ first: 0, count: 5, why: 'overflow' }]);
    expect(buffer.losses).toEqual({ count: 5, since: bufferSize });
    expect(buffer.length).toBe(bufferSize);
  });

  it('gives batches of 100 KiB at most, or one larger message', () => {
    const bytes = Buffer.alloc(10_000, 'x');
    const { first, messages } = filled(20, bytes).take();

    expect({ first, count: messages.length }).toEqual({ first: 0, count: 10 });
    expect(filled(2, Buffer.alloc(200_000)).take().messages).toHaveLength(1);
    expect(filled(bufferSize).take().messages.length).toBeLessThanOrEqual(bufferSize);
  });

  it('shrinks and grows again', () => {
    const buffer = filled(50);
    buffer.shrink(99);

    expect(buffer.length).toBe(shrunkBufferSize);
    expect(buffer.lost).toEqual([{ first: 0, count: 40, why: 'shrunk' }]);
    buffer.grow();
    for (let i = 0; i < 50; i += 1) buffer.push(message, 100);
    expect(buffer.take()).toMatchObject({ first: 40 });
    expect(buffer.losses.count).toBe(40);
  });

  it('keeps what was lost while a notice was on its way', () => {
    const buffer = filled(bufferSize + 3);
    const declared = buffer.losses.count;
    buffer.push(message, 7);
    buffer.declared(declared, 8);

    expect(buffer.losses).toEqual({ count: 1, since: 8 });
  });
});
