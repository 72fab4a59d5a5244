import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { CliError, describeError } from '../../../cli/shared/errors.ts';
import { StoreError } from '../../../lib/archive/store/store.ts';
import { RegistryFileError } from '../../../lib/drains/directory/directory-parameters.ts';
import { LedgerError } from '../../../lib/ledger/ledger.ts';

describe('describeError', () => {
  it.each([
    ['bad input', new CliError('no such app'), 'no such app', 2],
    ['a failure', new CliError('not sent', { exitCode: 1 }), 'not sent', 1],
    ['an unusable registry', new RegistryFileError('is damaged'), 'is damaged', 2],
    ['a bucket that refuses', new StoreError('refused', 'no such bucket'), 'no such bucket', 2],
    ['a store that is down', new StoreError('unavailable', 'no answer'), 'no answer', 1],
    ['a ledger that refuses', new LedgerError('no such bucket', false), 'no such bucket', 2],
    ['a ledger that is down', new LedgerError('no answer', true), 'no answer', 1],
    ['anything else, on one line', new Error('first\n  second'), 'first second', 1],
    ['an error without words', new TypeError(), 'TypeError', 1],
    ['what is no error', 'text', 'text', 1],
  ])('tells %s', (_, error, line, exitCode) => {
    expect(describeError(error)).toEqual({ line, exitCode });
  });

  it("tells commander's errors on one line, with its suggestion", () => {
    const message = "error: unknown option '--jsn'\n(Did you mean --json?)";

    expect(describeError(new CommanderError(1, 'commander.unknownOption', message))).toEqual({
      line: "unknown option '--jsn' (did you mean --json?)",
      exitCode: 2,
    });
  });

  it('has nothing to add to help', () => {
    expect(describeError(new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)'))).toEqual({
      exitCode: 0,
    });
    expect(describeError(new CommanderError(1, 'commander.help', '(outputHelp)'))).toEqual({ exitCode: 2 });
  });
});
