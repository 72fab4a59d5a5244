import { styleText } from 'node:util';

/** Data goes to stdout, everything said about it to stderr, so that pipes hold only data. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, 2));
}

/** A remark or a next step, for the operator and not for a pipe. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function warn(text: string): void {
  note(`${styleText('yellow', 'warning:', { stream: process.stderr })} ${text}`);
}

/** Bold on a terminal, plain elsewhere and under NO_COLOR. */
export function bold(text: string): string {
  return styleText('bold', text, { stream: process.stdout });
}

export function dim(text: string): string {
  return styleText('dim', text, { stream: process.stdout });
}

/** Ends quietly when the reader of a pipe has seen enough (`cistern cat … | head`). */
export function endWithPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
