import { CommanderError } from 'commander';
import { RegistryFileError } from '../../lib/drains/directory/directory-parameters.ts';
import { redactCredentials } from '../../lib/drains/drain-url.ts';
import { LedgerError } from '../../lib/ledger/ledger.ts';

/** What scripts can rely on. */
export const exitCodes = { ok: 0, failed: 1, badInput: 2 } as const;

/** An error that the operator can act on: its message is the whole line. Exit code 2 unless told otherwise. */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, options?: ErrorOptions & { readonly exitCode?: number }) {
    super(message, options);
    this.name = 'CliError';
    this.exitCode = options?.exitCode ?? exitCodes.badInput;
  }
}

/** Prints one line on stderr and sets the exit code. The only place where the program says that it failed. */
export function reportError(error: unknown): void {
  const { line, exitCode } = describeError(error);
  if (line !== undefined) process.stderr.write(`cistern: ${redactCredentials(line)}\n`);
  if (process.env['CISTERN_DEBUG'] === '1' && exitCode !== exitCodes.ok) {
    const stack = error instanceof Error ? (error.stack ?? '') : '';
    process.stderr.write(`${redactCredentials(stack)}\n`);
  }
  process.exitCode = exitCode;
}

/** The line that an error is told by, and its exit code. No line where commander has already printed help. */
export function describeError(error: unknown): { readonly line?: string; readonly exitCode: number } {
  if (error instanceof CliError) return { line: error.message, exitCode: error.exitCode };
  if (error instanceof RegistryFileError) return { line: error.message, exitCode: exitCodes.badInput };
  if (error instanceof CommanderError) return describeCommanderError(error);
  const message = error instanceof Error ? error.message || error.name : String(error);
  return {
    line: message.replaceAll(/\s*\n\s*/g, ' '),
    exitCode: isFinal(error) ? exitCodes.badInput : exitCodes.failed,
  };
}

/** Stores say `refused` and `missing` of what only the operator can put right: a name, a permission. */
function isFinal(error: unknown): boolean {
  if (error instanceof LedgerError) return !error.retry;
  return error instanceof Error && 'code' in error && (error.code === 'refused' || error.code === 'missing');
}

function describeCommanderError(error: CommanderError): {
  readonly line?: string;
  readonly exitCode: number;
} {
  if (error.exitCode === 0) return { exitCode: exitCodes.ok };
  // `cistern drain` without a subcommand: its help, already printed, is the answer.
  if (error.code === 'commander.help') return { exitCode: exitCodes.badInput };
  const [fault = '', hint] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = hint?.replace(/^\(Did you mean/, '(did you mean');
  return { line: suggestion ? `${fault} ${suggestion}` : fault, exitCode: exitCodes.badInput };
}
