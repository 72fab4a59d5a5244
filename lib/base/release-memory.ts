/**
 * Gives the memory of large bytes back at once. The garbage collector sees only the small objects that hold
 * them, so whole bodies pile up until it comes round (docs/performance.md has the difference).
 *
 * Nobody may use `bytes` afterwards: to JavaScript they are empty, and to a native call still under way they
 * are freed memory. Bytes that are only a part of some memory are left alone: the rest may be somebody's.
 */
export function release(bytes: Buffer): void {
  const { buffer } = bytes;
  const whole = bytes.length > 0 && bytes.length === buffer.byteLength;
  if (whole && buffer instanceof ArrayBuffer) buffer.transfer(0);
}
