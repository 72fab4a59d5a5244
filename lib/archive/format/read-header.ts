import * as z from 'zod/mini';
import { parseTimestamp } from '../../logplex/timestamp.ts';
import type { BatchHeader } from './batch-header.ts';

/** A batch header that this reader can't read. Its message names the field, never what is in it. */
export class HeaderError extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(`unreadable batch header: ${why}`, options);
    this.name = 'HeaderError';
  }
}

const count = z.int().check(z.nonnegative());
const sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const uuid = z
  .string()
  .check(z.regex(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-8][0-9a-f]{2}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/));
const time = z.string().check(z.refine((text) => parseTimestamp(text) !== undefined));

const schema = z.object({
  v: z.literal(1),
  uuid,
  app: z.string(),
  path: z.exactOptional(z.string()),
  token: z.exactOptional(z.string()),
  frame: z.exactOptional(z.string()),
  request: z.exactOptional(z.string()),
  claimed: z.exactOptional(count),
  found: count,
  received: time,
  from: z.exactOptional(time),
  to: z.exactOptional(time),
  bytes: count,
  sha256,
  payload: sha256,
  losses: z.exactOptional(z.record(z.string(), count)),
  lostElsewhere: z.exactOptional(z.record(z.string(), count)),
  malformed: z.exactOptional(z.string()),
  truncated: z.exactOptional(z.literal(true)),
});

const versionSchema = z.object({ v: z.int() });

/**
 * Reads a member's batch header. Fields that a later writer adds are passed over; any that may be left out may
 * be missing. Throws {@link HeaderError}.
 */
export function parseBatchHeader(json: Buffer): BatchHeader {
  let value: unknown;
  try {
    value = JSON.parse(json.toString('utf8'));
  } catch (cause) {
    throw new HeaderError('not JSON', { cause });
  }
  const header = schema.safeParse(value);
  if (header.success) return header.data;
  const version = versionSchema.safeParse(value);
  if (version.success && version.data.v !== 1) {
    throw new HeaderError(`version ${version.data.v}, and this reader knows version 1`);
  }
  const field = header.error.issues[0]?.path.join('.') ?? '';
  throw new HeaderError(field === '' ? 'not a JSON object' : `field ${field} is missing or not valid`);
}

/** A header's fields are flat: a string, a number, or numbers by name. */
const field = /"(\w+)":("[^"\\]*"|\d+|\{[^{}]*\})/g;

/**
 * What can still be read of a header that {@link parseBatchHeader} refuses; `known` stands in for what can't.
 * Undefined for another version.
 */
export function recoverBatchHeader(
  json: Buffer,
  known: Pick<BatchHeader, 'uuid' | 'app' | 'received'>,
): BatchHeader | undefined {
  const read: Record<string, unknown> = {};
  for (const [, name = '', value = ''] of json.toString('utf8').matchAll(field)) read[name] = parsed(value);
  if (typeof read['v'] === 'number' && read['v'] !== 1) return undefined;
  const header: Record<string, unknown> = {
    v: 1,
    ...known,
    found: 0,
    bytes: 0,
    sha256: noHash,
    payload: noHash,
  };
  for (const [name, type] of Object.entries(schema.shape)) {
    const value = z.safeParse(type, read[name]);
    if (value.success && value.data !== undefined) header[name] = value.data;
  }
  return schema.safeParse(header).data;
}

/** No content has it, as far as anybody knows. */
const noHash = '0'.repeat(64);

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The epoch of a member, in milliseconds since 1970: what its own key has, and what orders it. */
export function memberEpoch({ to, received }: BatchHeader): number {
  const epochMs = parseTimestamp(to ?? received);
  // Invariant of the schema: both are timestamps.
  if (epochMs === undefined) throw new HeaderError('field received is not valid');
  return epochMs;
}
