import { describeError } from '../../lib/base/errors.ts';
import type { Log } from '../../lib/base/log.ts';
import { note, warn } from './output.ts';

/** What the watch has to say while a command runs: on stderr, beside the command's own output. */
export const stderrLog: Log = {
  info: (message, fields) => note(line(message, fields)),
  warn: (message, fields) => warn(line(message, fields)),
  error: (message, fields) => warn(line(message, fields)),
};

function line(message: string, fields: Readonly<Record<string, unknown>> = {}): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}: ${text(value)}`);
  return parts.length === 0 ? message : `${message} (${parts.join(', ')})`;
}

function text(value: unknown): string {
  if (value instanceof Error) return describeError(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
