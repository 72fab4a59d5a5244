import { promisify } from 'node:util';
import { constants, deflateRaw, deflateRawSync, type ZlibOptions } from 'node:zlib';

const deflateRawInPool = promisify<Buffer, ZlibOptions, Buffer>(deflateRaw);

/** docs/performance.md holds the table of time against size that these two come from. */
const level = 6;
const memLevel = 9;

/** Bodies up to this size are compressed at once: handing them to the thread pool costs more than it frees. */
const atOnceBytes = 128 * 1024;

/** Raw DEFLATE (RFC 1951) of `raw`: small bodies on this thread, large ones in the pool. */
export async function deflate(raw: Buffer): Promise<Buffer> {
  // One output chunk that holds the worst case: nothing is joined afterwards. Pages never written cost nothing.
  const chunkSize = Math.max(constants.Z_MIN_CHUNK, raw.length + (raw.length >> 10) + 64);
  const options = { level, memLevel, chunkSize };
  return raw.length <= atOnceBytes ? deflateRawSync(raw, options) : deflateRawInPool(raw, options);
}
