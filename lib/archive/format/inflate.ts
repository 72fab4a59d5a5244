import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { codeOf } from '../../base/errors.ts';

/** Gzip that can't be inflated whole within its cap. `code` says which of the ways it went wrong. */
export class InflateError extends Error {
  readonly code: 'over the cap' | 'bad gzip' | 'bytes after gzip';

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

const gunzipWithInfo = promisify(gunzip) as unknown as (
  bytes: Uint8Array,
  options: { readonly maxOutputLength: number; readonly info: true },
) => Promise<WithEngine>;

/**
 * Inflates gzip, one member or several, to at most `cap` bytes, and checks its checksums. The only inflater:
 * whatever comes from outside is capped here. Throws {@link InflateError}, also when anything follows the gzip
 * data (zlib would pass over it in silence).
 */
export async function inflateCapped(bytes: Uint8Array, cap: number): Promise<Buffer> {
  if (bytes.length === 0) throw new InflateError('bad gzip');
  let result: WithEngine;
  try {
    result = await gunzipWithInfo(bytes, { maxOutputLength: cap, info: true });
  } catch (cause) {
    const tooLarge = codeOf(cause) === 'ERR_BUFFER_TOO_LARGE';
    throw new InflateError(tooLarge ? 'over the cap' : 'bad gzip', { cause });
  }
  if (result.engine.bytesWritten < bytes.length) throw new InflateError('bytes after gzip');
  return result.buffer;
}
