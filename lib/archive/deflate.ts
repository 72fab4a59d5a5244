import { promisify } from 'node:util';
import { constants, deflateRaw, deflateRawSync, type ZlibOptions } from 'node:zlib';

const deflateRawInPool = promisify<Buffer, ZlibOptions, Buffer>(deflateRaw);

/** zlib's default: docs/performance.md holds the table of time against size. */
export const level = 6;

/** Bodies up to this size are compressed at once: handing them to the thread pool costs more than it frees. */
const atOnceBytes = 16 * 1024;

/** Raw DEFLATE (RFC 1951) of `raw`: small bodies on this thread, large ones in the pool. */
export async function deflate(raw: Buffer): Promise<Buffer> {
  if (raw.length <= atOnceBytes) return deflateRawSync(raw, { level });
  // One output chunk that holds the worst case: nothing is joined afterwards. Pages never written cost nothing.
  const chunkSize = Math.max(constants.Z_MIN_CHUNK, raw.length + (raw.length >> 10) + 64);
  return deflateRawInPool(raw, { level, chunkSize });
}
