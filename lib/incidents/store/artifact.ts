/** A name or a body that can't be an artifact. The message says what can. */
export class ArtifactError extends Error {
  readonly code = 'refused';

  constructor(message: string) {
    super(message);
    this.name = 'ArtifactError';
  }
}

/** Bytes. */
const maxArtifactBytes = 2_000_000;

const longestName = 100;

/** Throws {@link ArtifactError}. */
export function checkArtifactName(name: string): void {
  const problem = problemOf(name);
  if (problem !== undefined) throw new ArtifactError(`'${name}' can't be an artifact's name: ${problem}.`);
}

/** Throws {@link ArtifactError}. */
export function checkArtifactSize(name: string, bytes: number): void {
  if (bytes <= maxArtifactBytes) return;
  throw new ArtifactError(
    `${name} has ${bytes.toLocaleString('en')} bytes, and an artifact at most ${maxArtifactBytes.toLocaleString('en')}: attach a part of it, or a text that says where it is.`,
  );
}

function problemOf(name: string): string | undefined {
  if (!/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/.test(name)) {
    return 'give it a name of A-Z, a-z, 0-9 and . _ -, not beginning with a dot';
  }
  if (name.length > longestName) return `it has ${name.length} characters, and at most ${longestName} fit`;
  if (!/\.(?:json|md|txt)$/.test(name)) return 'it must end in .json, .md or .txt';
  return undefined;
}
