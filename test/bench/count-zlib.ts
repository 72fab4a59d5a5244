/**
 * Loaded before a program that is to leave zlib alone: counts how often it compresses or inflates anything.
 * Checksums don't count.
 */
import { syncBuiltinESMExports } from 'node:module';
import zlib from 'node:zlib';

let calls = 0;

/** Since the program began. */
export function zlibCalls(): number {
  return calls;
}

const codecs = /deflate|inflate|gzip|gunzip|unzip|brotli|zstd/i;
for (const [name, value] of Object.entries(zlib)) {
  if (typeof value !== 'function' || !codecs.test(name)) continue;
  const counted = new Proxy(value, {
    apply(target, self, args) {
      calls += 1;
      return Reflect.apply(target, self, args);
    },
    construct(target, args) {
      calls += 1;
      return Reflect.construct(target, args);
    },
  });
  Object.defineProperty(zlib, name, { value: counted, enumerable: true, configurable: true, writable: true });
}
syncBuiltinESMExports();
