/**
 * Bytes as text that a terminal shows as it is and obeys in nothing: control and format characters become
 * escapes (`\x1b`, `\u202e`), bytes that are not UTF-8 become `\xNN`, and every newline becomes `newline`.
 */
export function visible(bytes: Uint8Array, newline: string): string {
  const text = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  return text.replace(unsafe, (character) => (character === '\n' ? newline : escapeOf(character)));
}

/** Also what turns the direction of text around. Tabs and joiners inside words and emoji stay. */
const unsafe = /(?![\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escapeOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${hex(code, 2)}`;
  return code > 0xffff ? `\\u{${hex(code, 5)}}` : `\\u${hex(code, 4)}`;
}

function decode(bytes: Buffer): string {
  const latin1 = bytes.toString('latin1');
  return latin1.replace(notAscii, (run) =>
    run.length > 1 ? Buffer.from(run, 'latin1').toString('utf8') : `\\x${hex(run.charCodeAt(0), 2)}`,
  );
}

/** One character of well-formed UTF-8 (Unicode, table 3-7) as Latin-1, or one byte that belongs to none. */
const notAscii =
  /[\xc2-\xdf][\x80-\xbf]|\xe0[\xa0-\xbf][\x80-\xbf]|\xed[\x80-\x9f][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2}|[\x80-\xff]/g;

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
