import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib';
import { release } from '../../base/release-memory.ts';

/** docs/performance.md holds the table of time against size that these two come from. */
const level = 6;
const memLevel = 9;
const smallMemLevel = 7;

/** Above this size the event loop would wait too long: a body goes to the thread pool, whoever else waits. */
const atOnceBytes = 128 * 1024;
/** Up to this size handing a body to the thread pool costs more than it frees, however many others wait. */
const alwaysAtOnceBytes = 16 * 1024;
const partBytes = 128 * 1024;

/**
 * Raw DEFLATE (RFC 1951) of `raw`, as parts to be joined. At once, or in the thread pool where that pays: for
 * a large body, and where others wait for this thread.
 */
export async function deflate(raw: Buffer, othersWait: boolean): Promise<Buffer[]> {
  const atOnce = raw.length <= (othersWait ? alwaysAtOnceBytes : atOnceBytes);
  return atOnce ? [deflateAtOnce(raw)] : deflateInPool(raw);
}

/** Gives the memory of parts back once they are joined. */
export function releaseParts(parts: readonly Buffer[]): void {
  for (const { buffer } of parts) {
    // What zlib writes into is nobody else's, unless it was small enough to come from Node's shared pool.
    if (buffer.byteLength > Buffer.poolSize) release(Buffer.from(buffer));
  }
}

/** zlib clears its tables for every body: those of a large one cost a small one more than it takes to compress. */
function tablesFor(bytes: number): { readonly windowBits: number; readonly memLevel: number } {
  if (bytes > alwaysAtOnceBytes) return { windowBits: constants.Z_MAX_WINDOWBITS, memLevel };
  return { windowBits: Math.max(9, Math.ceil(Math.log2(bytes + 1))), memLevel: smallMemLevel };
}

function deflateAtOnce(raw: Buffer): Buffer {
  // zlib's own bound for a memLevel that is not its default: one output buffer, and nothing to join.
  const chunkSize = Math.max(constants.Z_MIN_CHUNK, raw.length + (raw.length >> 3) + (raw.length >> 7) + 64);
  return deflateRawSync(raw, { level, ...tablesFor(raw.length), chunkSize });
}

/** Not zlib's one call for it: that joins the parts, which a member does again. */
function deflateInPool(raw: Buffer): Promise<Buffer[]> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const engine = createDeflateRaw({ level, memLevel, chunkSize: partBytes });
    engine.on('data', (part: Buffer) => parts.push(part));
    engine.once('end', () => resolve(parts));
    engine.once('error', reject);
    engine.end(raw);
  });
}
