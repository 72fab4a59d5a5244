import { type Command, Option } from 'commander';
import type { Lifetimes } from '../../lib/cost/archive-cost.ts';
import { wholeNumber } from './arguments.ts';
import { CliError } from './errors.ts';

export interface RetentionOptions {
  readonly retentionDays?: number;
  readonly infrequentAccessDays?: number | 'never';
}

const maxDays = 36_500;

/** Adds `--retention-days` and `--infrequent-access-days`, each with its default as text; {@link lifetimesOf} reads them. */
export function addRetentionOptions(command: Command, defaults: readonly [string, string]): Command {
  const [retention, infrequentAccess] = defaults;
  return command
    .addOption(
      new Option('--retention-days <n>', `days until an object expires (default: ${retention})`).argParser(
        wholeNumber('--retention-days', 90, maxDays),
      ),
    )
    .addOption(
      new Option(
        '--infrequent-access-days <n>',
        `days until an object moves to Infrequent Access, or never (default: ${infrequentAccess})`,
      ).argParser(daysOrNever),
    );
}

function daysOrNever(text: string): number | 'never' {
  if (text === 'never') return text;
  try {
    return wholeNumber('--infrequent-access-days', 30, maxDays)(text);
  } catch {
    throw new CliError(
      `--infrequent-access-days ${text}: give a whole number from 30 to ${maxDays}, or never.`,
    );
  }
}

/** What the flags say, else `otherwise`. Throws {@link CliError} for what a stage could not be deployed with. */
export function lifetimesOf(options: RetentionOptions, otherwise: Lifetimes): Lifetimes {
  const retentionDays = options.retentionDays ?? otherwise.retentionDays;
  const infrequentAccessDays = options.infrequentAccessDays ?? otherwise.infrequentAccessDays;
  if (infrequentAccessDays !== 'never' && infrequentAccessDays >= retentionDays) {
    throw new CliError(
      `--infrequent-access-days ${infrequentAccessDays}: give less than the ${retentionDays} days of retention, or never.`,
    );
  }
  return { retentionDays, infrequentAccessDays };
}
