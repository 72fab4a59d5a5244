import { expect, it } from 'vitest';
import { plainMarkdown } from '../../../lib/base/markdown.ts';

it.each([
  ['drain d.1 of my-app is gone', 'drain d.1 of my-app is gone'],
  ['a\r\n# b\u2028c\u0000d', 'a # b c d'],
  ['**a** `b` ~~c~~ \\d', '\\*\\*a\\*\\* \\`b\\` \\~\\~c\\~\\~ \\\\d'],
  ['![x](https://evil.example/pixel) [y](z)', '!\\[x\\](https://evil.example/pixel) \\[y\\](z)'],
  ['<img src=x> | cell', '\\<img src=x\\> \\| cell'],
  ['# a heading', '\\# a heading'],
  ['- [ ] another item', '\\- \\[ \\] another item'],
  ['+ 1 - 1', '\\+ 1 - 1'],
])('%j is text in Markdown', (text, markdown) => {
  expect(plainMarkdown(text)).toBe(markdown);
});
