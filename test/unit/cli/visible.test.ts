import { expect, test } from 'vitest';
import { visible } from '../../../cli/shared/visible.ts';

test.each([
  ['plain text', 'plain text', 'plain text'],
  ['a tab', 'a\tb', 'a\tb'],
  ['letters of every width', 'é 日本 𝒳', 'é 日本 𝒳'],
  ['an emoji held together by joiners', '👩‍💻', '👩‍💻'],
  ['colours', '\x1b[31mred\x1b[0m', '\\x1b[31mred\\x1b[0m'],
  ['a bell, a backspace, a null, a delete', '\x07\b\0\x7f', '\\x07\\x08\\x00\\x7f'],
  ['a carriage return that would overwrite the line', 'good\rbad', 'good\\x0dbad'],
  ['a one-character CSI', '\u009b31m', '\\u009b31m'],
  ['text turned around', 'a\u202eb\u2066c\u200f', 'a\\u202eb\\u2066c\\u200f'],
  ['other line ends', 'a\u2028b\u2029c\u0085d', 'a\\u2028b\\u2029c\\u0085d'],
  ['invisible tags', 'a\u{e0041}b', 'a\\u{e0041}b'],
  ['newlines', 'a\nb\n', 'a|b|'],
])('%s', (_, text, expected) => {
  expect(visible(Buffer.from(text), '|')).toBe(expected);
});

test.each([
  ['a byte that begins nothing', [0xff], '\\xff'],
  ['a character cut short', [0x61, 0xe6, 0x97], 'a\\xe6\\x97'],
  ['an overlong newline', [0xc0, 0x8a], '\\xc0\\x8a'],
  ['a surrogate', [0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
  ['a code point beyond Unicode', [0xf4, 0x90, 0x80, 0x80], '\\xf4\\x90\\x80\\x80'],
  ['a good character between bad bytes', [0x80, 0xc3, 0xa9, 0x80], '\\x80é\\x80'],
])('%s', (_, bytes, expected) => {
  expect(visible(Buffer.from(bytes), '|')).toBe(expected);
});
