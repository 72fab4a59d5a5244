import { randomBytes } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { deflate, releaseParts } from '../../../lib/archive/format/deflate.ts';

const sizes = [0, 1, 16 * 1024, 16 * 1024 + 1, 128 * 1024, 128 * 1024 + 1, 1_000_000];

describe.each([false, true])('deflate, others waiting: %o', (othersWait) => {
  test.each(sizes)('%i bytes of text come back', async (size) => {
    const raw = Buffer.alloc(size, 'at=info method=GET path="/" ');
    expect(inflateRawSync(Buffer.concat(await deflate(raw, othersWait)))).toEqual(raw);
  });

  test.each(sizes)('%i bytes that can’t be made smaller come back', async (size) => {
    const raw = randomBytes(size);
    expect(inflateRawSync(Buffer.concat(await deflate(raw, othersWait)))).toEqual(raw);
  });
});

test('the memory of joined parts is given back, and the pool that small ones share is spared', async () => {
  const small = await deflate(Buffer.from('small'), true);
  const large = await deflate(randomBytes(1_000_000), true);
  const neighbour = Buffer.from('neighbour');
  releaseParts([...small, ...large]);
  expect(large.every(({ length }) => length === 0)).toBe(true);
  expect(inflateRawSync(Buffer.concat(small)).toString()).toBe('small');
  expect(neighbour.toString()).toBe('neighbour');
});
