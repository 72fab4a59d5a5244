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

/** Columns as wide as they need to be, the heading bold on a terminal. */
export function printTable(heading: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = heading.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => (row[i] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  print(bold(line(heading)));
  for (const row of rows) print(line(row));
}

/** Decimal units: `1.2 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

const plurals = { message: 'messages', batch: 'batches', retry: 'retries' } as const;

/** `1 message`, `1,024 messages`. */
export function count(number: number, noun: keyof typeof plurals): string {
  return `${number.toLocaleString('en')} ${number === 1 ? noun : plurals[noun]}`;
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

/** Ends quietly when the reader of a pipe has seen enough (`cistern cat … | head`). */
export function endWithPipe(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}
