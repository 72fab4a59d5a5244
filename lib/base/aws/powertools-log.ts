import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../log.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Our log lines as JSON, in the function's log. */
export function powertoolsLog(serviceName: string): Log {
  const logger = new Logger({ serviceName });
  return {
    info: (message, fields) => logger.info(message, writable(fields)),
    warn: (message, fields) => logger.warn(message, writable(fields)),
    error: (message, fields) => logger.error(message, writable(fields)),
  };
}

/**
 * Powertools would write all that an error holds. Of the error itself that is our own text, but of its causes
 * it may be a service's answer, which may quote what was sent.
 */
function writable(fields: Fields = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      value instanceof Error
        ? { ...identify(value), message: value.message, causes: causesOf(value) }
        : value,
    ]),
  );
}

function causesOf({ cause }: Error): object[] {
  return cause instanceof Error ? [identify(cause), ...causesOf(cause)] : [];
}

/** Which error it is and where it came from: of its stack only the calls, since that begins with its message. */
function identify(error: Error): object {
  const { name, message, stack = '' } = error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const start = stack.indexOf(message);
  const calls = start === -1 ? '' : stack.slice(start + message.length);
  return { name, code, stack: /(?:\n\s+at [^\n]*)+$/.exec(calls)?.[0].trim() };
}
