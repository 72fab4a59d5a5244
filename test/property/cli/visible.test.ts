import { isUtf8 } from 'node:buffer';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { visible } from '../../../cli/shared/visible.ts';

test('whatever the bytes, a terminal gets no control character but tabs', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.uint8Array({ maxLength: 200 }), fc.string({ unit: 'binary' }).map(Buffer.from)),
      (bytes) => {
        expect(visible(bytes, '\\n')).not.toMatch(/[^\P{Cc}\t]/u);
      },
    ),
  );
});

test('text that holds nothing unsafe stays as it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      fc.pre(!/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) && isUtf8(Buffer.from(text)));
      expect(visible(Buffer.from(text), '|')).toBe(text);
    }),
  );
});
