import { InflateError, inflateCapped } from '../archive/format/inflate.ts';
import { beginsWithFrame } from '../logplex/frames.ts';

export interface DecodedBody {
  readonly raw: Buffer;
  readonly inflated: boolean;
  /** Why the body is kept as it came although its sender says that it is encoded. */
  readonly fault?: string;
}

/** A proxy may compress again what is compressed. More than that is a bomb, or nonsense. */
const maxEncodings = 3;

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
  if (named.length === 0 && formatOf(received) === undefined) return { raw: received, inflated: false };
  try {
    const raw = await decode(received, named, cap);
    if (raw !== undefined) return { raw, inflated: raw !== received };
    return { raw: received, inflated: false, fault: `content encoding ${named.join(', ')}` };
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

/** Undefined where the body is no batch, and is encoded in a way that is not known here. */
async function decode(received: Buffer, named: readonly string[], cap: number): Promise<Buffer | undefined> {
  let raw = received;
  for (const encoding of named.slice(-maxEncodings).reverse()) {
    if (beginsWithFrame(raw)) return raw;
    if (known.has(encoding)) raw = await undo(raw, encoding, cap);
  }
  if (beginsWithFrame(raw)) return raw;
  const allUndone = named.length <= maxEncodings && named.every((name) => known.has(name));
  return (await batchIn(raw, cap)) ?? (allUndone ? raw : undefined);
}

const known: ReadonlySet<string> = new Set(['gzip', 'x-gzip', 'deflate']);

async function undo(bytes: Buffer, encoding: string, cap: number): Promise<Buffer> {
  const format = formatOf(bytes) ?? (encoding === 'deflate' ? 'deflate' : 'gzip');
  const raw = await inflateCapped(bytes, cap, format);
  // It has no checksum: other bytes than deflate's may inflate to something.
  if (format === 'deflate' && !beginsWithFrame(raw)) throw new InflateError('bad deflate');
  return raw;
}

/** The batch in bytes that no header calls compressed; undefined where there is none, a file for instance. */
async function batchIn(bytes: Buffer, cap: number): Promise<Buffer | undefined> {
  const format = formatOf(bytes);
  if (format === undefined) return undefined;
  try {
    const raw = await inflateCapped(bytes, cap, format);
    return beginsWithFrame(raw) ? raw : undefined;
  } catch (error) {
    if (!(error instanceof InflateError)) throw error;
    return undefined;
  }
}

/** How bytes are compressed, by how they begin: gzip's two bytes (RFC 1952), or zlib's (RFC 1950, section 2.2). */
function formatOf(bytes: Buffer): 'gzip' | 'zlib' | undefined {
  if (bytes.length < 2) return undefined;
  const start = bytes.readUInt16BE(0);
  if (start === 0x1f8b) return 'gzip';
  return (start & 0x0f20) === 0x0800 && start % 31 === 0 ? 'zlib' : undefined;
}
