import { promisify } from 'node:util';
import { constants, gunzip, inflate, inflateRaw } from 'node:zlib';
import { codeOf } from '../../base/errors.ts';

/** Compressed data that can't be inflated whole within its cap. `code` says which of the ways it went wrong. */
export class InflateError extends Error {
  readonly code: 'over the cap' | 'bad gzip' | 'bad deflate' | 'bytes after gzip' | 'bytes after deflate';

  constructor(code: InflateError['code'], options?: ErrorOptions) {
    super(code, options);
    this.name = 'InflateError';
    this.code = code;
  }
}

interface WithEngine {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

type Inflate = (
  bytes: Uint8Array,
  options: { readonly maxOutputLength: number; readonly info: true },
) => Promise<WithEngine>;

/** gzip (RFC 1952), or deflate (RFC 1951) with the frame of zlib (RFC 1950) or without. */
export type InflateFormat = 'gzip' | 'zlib' | 'deflate';

const inflaters: Readonly<Record<InflateFormat, Inflate>> = {
  gzip: promisify(gunzip) as unknown as Inflate,
  zlib: promisify(inflate) as unknown as Inflate,
  deflate: promisify(inflateRaw) as unknown as Inflate,
};

/**
 * Inflates gzip, one member or several, or deflate, to at most `cap` bytes, and checks its checksums. The only
 * inflater: whatever comes from outside is capped here. Zeros and line ends behind the data are passed over, as gzip
 * does. Throws {@link InflateError}, also when anything else follows (zlib would pass over it in silence).
 */
export async function inflateCapped(
  bytes: Uint8Array,
  cap: number,
  format: InflateFormat = 'gzip',
): Promise<Buffer> {
  const name = format === 'gzip' ? 'gzip' : 'deflate';
  const data = format === 'gzip' ? withoutLineEnds(bytes) : bytes;
  if (data.length === 0) throw new InflateError(`bad ${name}`);
  let result: WithEngine;
  try {
    result = await inflaters[format](data, { maxOutputLength: cap, info: true });
  } catch (cause) {
    const tooLarge = codeOf(cause) === 'ERR_BUFFER_TOO_LARGE';
    throw new InflateError(tooLarge ? 'over the cap' : `bad ${name}`, { cause });
  }
  const isPadding = data.subarray(result.engine.bytesWritten).every((byte) => byte === 0 || isLineEnd(byte));
  if (!isPadding) throw new InflateError(`bytes after ${name}`);
  return result.buffer;
}

/** Gzip of less than 16 MiB ends in a zero, the highest byte of its length: a line end there is none of it. */
function withoutLineEnds(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && isLineEnd(bytes[end - 1] as number)) end -= 1;
  return bytes.subarray(0, end);
}

function isLineEnd(byte: number): boolean {
  return byte === 0x0a || byte === 0x0d;
}

const inflateRawAsync = promisify(inflateRaw);

/**
 * As much as can be inflated of DEFLATE data that is damaged or cut, at most `cap` bytes: what comes before the
 * first byte of it that zlib refuses. What zlib inflates need not be what was deflated.
 */
export async function inflateDamaged(data: Uint8Array, cap: number): Promise<Buffer> {
  const options = { maxOutputLength: cap, finishFlush: constants.Z_SYNC_FLUSH };
  let found: Buffer = Buffer.alloc(0);
  let low = 0;
  // zlib hands out nothing of a call that fails, so the longest beginning that does not fail is searched for.
  for (let high = data.length, length = high; low < high; length = Math.ceil((low + high) / 2)) {
    try {
      found = await inflateRawAsync(data.subarray(0, length), options);
      low = length;
    } catch {
      high = length - 1;
    }
  }
  return found;
}
