const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;
const maxNameBytes = 32;

/**
 * Where the STRUCTURED-DATA at `at` ends (RFC 5424, section 6.3), or -1 where there is none: `-`, or elements
 * with parameters. An element without any is as likely a text that begins with a bracket.
 */
export function structuredDataEnd(body: Uint8Array, at: number, end: number): number {
  let after = at;
  if (body[at] === 0x2d /* - */) after += 1;
  else
    while (after !== -1 && after < end && body[after] === 0x5b /* [ */) after = elementEnd(body, after, end);
  const ends = after === end || body[after] === space || (body[after] === 0x0a && after + 1 === end);
  return after > at && after <= end && ends ? after : -1;
}

/** The offset after the `]` that closes the element at `at`; -1 where it is none, or has no parameter. */
function elementEnd(body: Uint8Array, at: number, end: number): number {
  let cursor = nameEnd(body, at + 1, end);
  if (body[cursor] !== space) return -1;
  while (cursor !== -1 && cursor < end && body[cursor] === space)
    cursor = parameterEnd(body, cursor + 1, end);
  return cursor !== -1 && cursor < end && body[cursor] === 0x5d /* ] */ ? cursor + 1 : -1;
}

/** The offset after `name="value"`; a value may hold escaped quotes. */
function parameterEnd(body: Uint8Array, at: number, end: number): number {
  let cursor = nameEnd(body, at, end);
  if (cursor === -1 || body[cursor] !== 0x3d /* = */ || body[cursor + 1] !== quote) return -1;
  cursor += 2;
  while (cursor < end && body[cursor] !== quote) cursor += body[cursor] === backslash ? 2 : 1;
  return cursor < end ? cursor + 1 : -1;
}

/** The end of the SD-NAME at `at`, which is printable ASCII without `=`, `]` and `"`. */
function nameEnd(body: Uint8Array, at: number, end: number): number {
  let cursor = at;
  while (cursor < end && cursor - at < maxNameBytes && isNameByte(body[cursor])) cursor += 1;
  return cursor > at && cursor < end ? cursor : -1;
}

function isNameByte(byte: number | undefined): boolean {
  return (
    byte !== undefined && byte > space && byte < 0x7f && byte !== 0x3d && byte !== 0x5d && byte !== quote
  );
}
