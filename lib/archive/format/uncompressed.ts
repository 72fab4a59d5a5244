import { deflateAtOnce } from './deflate.ts';
import { assembleMember, dataOf, walkMembers } from './member.ts';

/** Of one block: its header bits, its length, and that length's complement. */
const headBytes = 5;
/** This block is the last, and holds its bytes as they are. */
const lastAsTheyAre = 1;

/** `raw`, at most 65,535 bytes, as DEFLATE data that is not compressed (RFC 1951, 3.2.4), as parts to be joined. */
export function uncompressed(raw: Buffer): Buffer[] {
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt8(lastAsTheyAre, 0);
  head.writeUInt16LE(raw.length, 1);
  head.writeUInt16LE(raw.length ^ 0xffff, 3);
  return [head, raw];
}

/** The same object with every member compressed; the very same where they are. Throws `MemberError`. */
export function compressMembers(object: Buffer): Buffer {
  let changed = false;
  const parts: Buffer[] = [];
  for (const member of walkMembers(object)) {
    const raw = uncompressedIn(dataOf(member.bytes));
    parts.push(
      raw === undefined ? member.bytes : assembleMember(member.headerJson, raw, [deflateAtOnce(raw)]),
    );
    changed ||= raw !== undefined;
  }
  return changed ? Buffer.concat(parts) : object;
}

/** Undefined for data that {@link uncompressed} did not make. */
function uncompressedIn(data: Buffer): Buffer | undefined {
  const whole = data[0] === lastAsTheyAre && data.readUInt16LE(1) === data.length - headBytes;
  return whole ? data.subarray(headBytes) : undefined;
}
