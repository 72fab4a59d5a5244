import { describe, expect, it } from 'vitest';
import { MessageSource } from '../../support/fake-logplex-messages.ts';
import { Random } from '../../support/random.ts';

describe('MessageSource', () => {
  const source = () =>
    new MessageSource({
      name: 'x',
      random: new Random(3),
      now: () => 1_795_000_000_000,
      sender: 'logplex',
    });

  it('gives every message an id of its own, of every kind that a receiver must take', () => {
    const messages = source();
    const all = Array.from({ length: 5_000 }, () => messages.next());

    const ids = all.map((bytes) => /id=x\.\d+;/.exec(bytes.toString('latin1'))?.[0]);
    expect(ids).toEqual(all.map((_, n) => `id=x.${n};`));
    const isText = (bytes: Buffer) => Buffer.from(bytes.toString('utf8')).equals(bytes);
    expect(all.some((bytes) => !isText(bytes))).toBe(true);
    expect(all.some((bytes) => bytes.toString('latin1').length > bytes.toString().length)).toBe(true);
    expect(all.some((bytes) => bytes.includes('\n') && bytes.indexOf('\n') < bytes.length - 1)).toBe(true);
    expect(all.some((bytes) => bytes.at(-1) !== 0x0a)).toBe(true);
  });

  it('splits long lines at 10,000 bytes, inside a character', () => {
    const messages = source();
    const all = Array.from({ length: 5_000 }, () => messages.next());
    const at = all.findIndex(({ length }) => length > 10_000);
    const texts = all.slice(at, at + 2).map((bytes) => bytes.subarray(bytes.indexOf(' - ') + 3));

    expect(texts[0]).toHaveLength(10_000);
    const joint = Buffer.concat([
      (texts[0] ?? Buffer.alloc(0)).subarray(-2),
      texts[1]?.subarray(0, 2) ?? Buffer.alloc(0),
    ]);
    expect(joint.toString()).toContain('€');
  });
});
