import { describe, expect, test } from 'vitest';
import { type Framing, frameMessages, visitFrames } from '../../../lib/logplex/frames.ts';

function framesOf(body: Buffer): { readonly found: Buffer[]; readonly framing: Framing } {
  const found: Buffer[] = [];
  const framing = visitFrames(body, (start, end) => found.push(body.subarray(start, end)));
  return { found, framing };
}

describe('a body of good frames', () => {
  const bodies: readonly (readonly [string, readonly Buffer[]])[] = [
    ['one message', [Buffer.from('hello\n')]],
    ['messages that hold newlines, and lack the last one', [Buffer.from('a\nb\n\nc'), Buffer.from('d')]],
    ['characters of several bytes', [Buffer.from('“Grüße” 🚰\n')]],
    ['a character cut in two', [Buffer.from('🚰').subarray(0, 2), Buffer.from('🚰').subarray(2)]],
    ['a message that looks like frames', [Buffer.from('5 hello 5 world')]],
    ['an empty message', [Buffer.alloc(0), Buffer.from('x')]],
    ['a message over 10,000 bytes', [Buffer.alloc(123_456, 'x')]],
    ['every byte there is', [Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))]],
  ];
  test.each(bodies)('holds %s', (_, messages) => {
    const body = frameMessages(messages);
    const { found, framing } = framesOf(body);
    expect(found).toEqual(messages);
    expect(framing).toEqual({ frames: messages.length, end: body.length });
  });

  test('is walked without copying: a frame is a view of the body', () => {
    const body = frameMessages([Buffer.from('hello')]);
    const { found } = framesOf(body);
    body.write('J', 2);
    expect(found[0]?.toString()).toBe('Jello');
  });

  test('may hold a million frames of one byte', () => {
    const body = Buffer.from('1 a'.repeat(1_000_000));
    let sum = 0;
    const framing = visitFrames(body, (start, end) => {
      sum += end - start;
    });
    expect(framing).toEqual({ frames: 1_000_000, end: body.length });
    expect(sum).toBe(1_000_000);
  });
});

test('line ends behind the last frame are no fault', () => {
  for (const ends of ['\n', '\r\n', '\n\n\r\n']) {
    expect(framesOf(Buffer.from(`1 a1 b${ends}`)).framing).toEqual({ frames: 2, end: 6 });
  }
});

describe('a body that stops being frames', () => {
  const bodies: readonly (readonly [string, string, Framing])[] = [
    ['nothing', '', { frames: 0, end: 0, fault: 'empty body' }],
    ['line ends alone', '\n\n', { frames: 0, end: 0, fault: 'no length' }],
    ['line ends and more', '1 a\n\nb', { frames: 1, end: 3, fault: 'no length' }],
    ['a plain line', 'hello world', { frames: 0, end: 0, fault: 'no length' }],
    ['a newline between frames', '1 a\n1 b', { frames: 1, end: 3, fault: 'no length' }],
    ['a negative length', '-1 a', { frames: 0, end: 0, fault: 'no length' }],
    ['a length with a zero in front', '01 a', { frames: 0, end: 0, fault: 'no length' }],
    ['a space without a length', ' a', { frames: 0, end: 0, fault: 'no length' }],
    ['a tab for the space', '1\ta', { frames: 0, end: 0, fault: 'no length' }],
    ['a message that is cut', '1 a5 hell', { frames: 1, end: 3, fault: 'frame cut short' }],
    ['a length that is cut', '1 a12', { frames: 1, end: 3, fault: 'frame cut short' }],
    ['a length without its message', '1 a3 ', { frames: 1, end: 3, fault: 'frame cut short' }],
    ['a length beyond any body', '1 a999999999 x', { frames: 1, end: 3, fault: 'length too long' }],
    ['digits without end', '1'.repeat(400), { frames: 0, end: 0, fault: 'length too long' }],
  ];
  test.each(bodies)('ends at %s', (_, body, framing) => {
    expect(framesOf(Buffer.from(body)).framing).toEqual(framing);
  });
});
