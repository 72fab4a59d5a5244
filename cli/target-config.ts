import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { type Config, ConfigError, parseConfig, parseLocalConfig } from '../lib/config.ts';
import { storedConfig } from '../lib/stored-config.ts';
import { CliError } from './errors.ts';
import { chooseTarget, type Target, type TargetOptions } from './target.ts';

export interface ConfigOptions extends TargetOptions {
  readonly config?: string;
}

/** Adds `--config`, beside the flags of `addTargetOptions`; {@link configOf} reads them. */
export function addConfigOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--config <file>',
      "JSON file that holds cdk.json's `cistern` object, beside a data directory (env: CISTERN_CONFIG)",
    ).conflicts('stage'),
  );
}

/**
 * The configuration of a target: what a stage was deployed with, or beside a data directory the file that
 * `--config` or CISTERN_CONFIG names, and without one the defaults. Throws {@link CliError}.
 */
export async function configOf(target: Target, options: ConfigOptions): Promise<Config> {
  if ('stage' in chooseTarget(options, process.env)) return configOfStage(target);
  const path = options.config ?? (process.env['CISTERN_CONFIG'] || undefined);
  return path === undefined ? parseConfig({}) : readConfigFile(path);
}

async function configOfStage({ parameters, describe }: Target): Promise<Config> {
  let config: Config | undefined;
  try {
    config = await storedConfig(parameters);
  } catch (cause) {
    if (cause instanceof ConfigError) throw new CliError(`${describe}: ${cause.message}`, { cause });
    throw cause;
  }
  if (config !== undefined) return config;
  throw new CliError(
    `${describe} has no configuration: deploy it with \`npm run deploy\`, or correct --stage.`,
  );
}

/** Throws {@link CliError} with every problem of the file. */
export async function readConfigFile(path: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new CliError(`--config ${path} can't be read: ${messageOf(cause)}`, { cause });
  }
  try {
    return parseLocalConfig(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof ConfigError) throw new CliError(`--config ${path}: ${cause.message}`, { cause });
    throw new CliError(`--config ${path} is not JSON: ${messageOf(cause)}`, { cause });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
