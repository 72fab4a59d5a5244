/**
 * Our own log lines. Fields are identifiers, counts and durations: never a secret, never log content.
 * An error is written by its name, code and message.
 */
export interface Log {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}
