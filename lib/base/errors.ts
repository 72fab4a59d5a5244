/** The `code` of an error that has one: Node's errno names, and our own. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The message of an error, or the text of whatever else was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An error's own words on one line, without its stack and causes: those may quote what was sent. */
export function describeError(error: Error): string {
  const code = codeOf(error);
  return `${error.name}${code === undefined ? '' : ` ${code}`}: ${error.message}`;
}

/** Failures of a file system that only an operator can mend: rights, room, or what kind of thing is in the way. */
const refusals = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'EFBIG',
  'ENOTDIR',
  'EISDIR',
  'ENOTSUP',
  'EMLINK',
  'EXDEV',
]);

/** Whether a file system refuses for good, so that trying again can't help. */
export function isRefusedByFileSystem(error: unknown): boolean {
  return refusals.has(codeOf(error) ?? '');
}
