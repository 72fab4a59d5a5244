import { type AppName, parseAppName, parseUsableAppName } from '../../lib/drains/app-name.ts';
import { type DrainToken, parseDrainToken } from '../../lib/logplex/drain-token.ts';
import { CliError } from './errors.ts';

/** The app to give a drain to. Throws {@link CliError}. */
export function appArgument(text: string): AppName {
  const app = parseUsableAppName(text);
  if (app !== undefined) return app;
  if (parseAppName(text) !== undefined) {
    throw new CliError(`'${text}' is reserved for batches whose app is not known; choose another name.`);
  }
  throw new CliError(
    `'${text}' is no Heroku app name: 3 to 30 of a-z, 0-9 and -, from a letter to a letter or digit.`,
  );
}

/** An app, or the word `shared`: undefined. Throws {@link CliError}. */
export function appOrShared(text: string): AppName | undefined {
  return text === 'shared' ? undefined : appArgument(text);
}

/** Throws {@link CliError}. */
export function tokenArgument(text: string): DrainToken {
  const token = parseDrainToken(text);
  if (token !== undefined) return token;
  throw new CliError(`'${text}' is no drain token (d.<uuid>): \`heroku drains --app <app>\` shows it.`);
}

/** A whole number in a range. Throws {@link CliError}. */
export function wholeNumber(flag: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= least && number <= most) return number;
    throw new CliError(`${flag} ${text}: give a whole number from ${least} to ${most}.`);
  };
}
