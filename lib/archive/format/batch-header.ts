/**
 * The batch header: what a member says of its batch, as compact JSON in the gzip header's extra field.
 * The names are part of the archive format (docs/archive-format.md); times are RFC 3339 in UTC.
 */
export interface BatchHeader {
  readonly v: 1;
  readonly uuid: string;
  readonly app: string;
  /** The request's path, where it was not simply the app's name. */
  readonly path?: string;
  readonly token?: string;
  readonly frame?: string;
  readonly request?: string;
  /** Messages: as the sender claimed, and as found. */
  readonly claimed?: number;
  readonly found: number;
  readonly received: string;
  /** When its first and last message count, loss notices left out. */
  readonly from?: string;
  readonly to?: string;
  /** Raw bytes, and their SHA-256. */
  readonly bytes: number;
  readonly sha256: string;
  /** SHA-256 of what follows the loss notices in front. */
  readonly payload: string;
  /** Messages declared lost for this drain, per code. */
  readonly losses?: Readonly<Record<string, number>>;
  /** Messages declared lost for a tail session or another drain, per code. */
  readonly lostElsewhere?: Readonly<Record<string, number>>;
  /** Why the batch is not well formed. */
  readonly malformed?: string;
  /** Something was cut or left out to keep the header small. */
  readonly truncated?: true;
}

export const maxHeaderBytes: number = 16 * 1024;
export const maxStringBytes = 256;

/**
 * What goes first when a header is too large; what a reader can't do without is never left out. With strings of
 * 256 bytes today's fields can't fill 16 KiB: this holds the limit for fields still to come.
 */
const leftOutInOrder = [
  'lostElsewhere',
  'losses',
  'path',
  'malformed',
  'request',
  'frame',
  'token',
  'from',
  'claimed',
] as const satisfies readonly (keyof BatchHeader)[];

export interface EncodedHeader {
  readonly json: Buffer;
  readonly truncated: boolean;
}

/** The header as bytes, at most {@link maxHeaderBytes}: long strings are cut, then fields left out. Never fails. */
export function encodeBatchHeader(header: BatchHeader): EncodedHeader {
  let truncated = header.truncated === true;
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(header)) {
    const kept = typeof value === 'string' ? cutString(value) : value;
    if (kept !== value) truncated = true;
    fields[name] = kept;
  }
  if (truncated) fields['truncated'] = true;
  let json = Buffer.from(JSON.stringify(fields));
  for (const name of leftOutInOrder) {
    if (json.length <= maxHeaderBytes) break;
    if (!(name in fields)) continue;
    delete fields[name];
    fields['truncated'] = true;
    truncated = true;
    json = Buffer.from(JSON.stringify(fields));
  }
  return { json, truncated };
}

/** At most {@link maxStringBytes} of UTF-8, never ending inside a character. */
function cutString(text: string): string {
  if (text.length <= maxStringBytes / 3) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= maxStringBytes) return text;
  let end = maxStringBytes;
  while (((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
