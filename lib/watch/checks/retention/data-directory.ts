import { critical, type Problem, warning } from './bucket-settings.ts';

/** Looks at the data directory of `serve`. */
export interface DirectoryReader {
  readonly path: string;
  /** Never rejects. */
  read(signal?: AbortSignal): Promise<DirectoryState | { readonly failure: string }>;
}

export interface DirectoryState {
  /** Of the file system that it is on: what a user without privileges may still write. */
  readonly freeBytes: number;
  readonly totalBytes: number;
  /** Permission bits; undefined where the system has none. */
  readonly mode: number | undefined;
}

export interface DirectoryProblem extends Problem {
  readonly remedy: (path: string) => string;
}

const mib = 1024 * 1024;

/**
 * Free space: a warning under 10 % or 1 GiB, critical under 2 % or 200 MiB. And the mode, a warning: logs and
 * registry are files that others on the machine could read.
 */
export function judgeDirectory({ freeBytes, totalBytes, mode }: DirectoryState): DirectoryProblem[] {
  const problems: DirectoryProblem[] = [];
  const share = totalBytes === 0 ? 0 : freeBytes / totalBytes;
  const makeRoom = (path: string) =>
    `Make room on the file system of ${path}: when it is full no batch can be stored, and Heroku drops what it can't deliver`;
  const left = `${Math.floor(freeBytes / mib)} MiB (${(Math.floor(share * 1000) / 10).toFixed(1)} %) left`;
  if (share < 0.02 || freeBytes < 200 * mib) {
    problems.push({ ...critical(`nearly no space: ${left}`), remedy: makeRoom });
  } else if (share < 0.1 || freeBytes < 1024 * mib) {
    problems.push({ ...warning(`little space: ${left}`), remedy: makeRoom });
  }
  if (mode !== undefined && mode !== 0o700) {
    const others =
      (mode & 0o077) === 0 ? 'its owner lacks some right' : 'others on this machine have rights in it';
    problems.push({
      ...warning(`its mode is 0${mode.toString(8)}, not 0700: ${others}`),
      remedy: (path) => `Run \`chmod 700 ${path}\``,
    });
  }
  return problems;
}
