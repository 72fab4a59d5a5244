import { InflateError, type InflateFormat, inflateCapped } from '../archive/format/inflate.ts';
import { beginsWithFrame } from '../logplex/frames.ts';

export interface DecodedBody {
  readonly raw: Buffer;
  readonly inflated: boolean;
  /** Why the body is kept as it came although its sender says that it is encoded. */
  readonly fault?: string;
}

/** A proxy may compress again what is compressed. */
const maxLayers = 2;

/**
 * Undoes what a sender or a proxy did to a body on its way. The bytes decide: a proxy may inflate a body and keep its
 * Content-Encoding, or drop that from a compressed one. What can't be decoded to at most `cap` bytes is kept as it
 * came. Never rejects for what is in it.
 */
export async function decodeBody(
  received: Buffer,
  contentEncoding: string | undefined,
  cap: number,
): Promise<DecodedBody> {
  const named = encodingsIn(contentEncoding);
  if (named.length === 0 && !isGzip(received)) return { raw: received, inflated: false };
  try {
    return await decode(received, named, cap);
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    return { raw: received, inflated: false, fault: `content encoding ${named.join(', ')}: ${error.code}` };
  }
}

/** The encodings that a header names, in the order in which they were applied. */
function encodingsIn(header = ''): string[] {
  const names = header.split(',').map((name) => name.trim());
  return names.filter((name) => name !== '' && name !== 'identity');
}

async function decode(received: Buffer, named: readonly string[], cap: number): Promise<DecodedBody> {
  let raw = received;
  for (let layer = 0; layer < maxLayers; layer += 1) {
    const format = formatOf(raw, named);
    if (format === undefined) break;
    raw = await inflateCapped(raw, cap, format);
  }
  const inflated = raw !== received;
  if (beginsWithFrame(raw)) return { raw, inflated };
  // Without a header that says so, only what turns out to be a batch was compressed on its way.
  if (named.length === 0) return { raw: received, inflated: false };
  if (inflated) return { raw, inflated };
  return { raw: received, inflated: false, fault: `content encoding ${named.join(', ')}` };
}

/** How the bytes are compressed; undefined where they are not, or where nobody knows how. */
function formatOf(bytes: Buffer, named: readonly string[]): InflateFormat | undefined {
  if (isGzip(bytes)) return 'gzip';
  if (beginsWithFrame(bytes)) return undefined;
  if (named.includes('deflate')) return isZlib(bytes) ? 'zlib' : 'deflate';
  return named.some((name) => name === 'gzip' || name === 'x-gzip') ? 'gzip' : undefined;
}

function isGzip(bytes: Buffer): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** RFC 1950, section 2.2: the two bytes of the header are a multiple of 31, and the method is deflate. */
function isZlib(bytes: Buffer): boolean {
  return bytes.length >= 2 && ((bytes[0] as number) & 0x0f) === 8 && bytes.readUInt16BE(0) % 31 === 0;
}
