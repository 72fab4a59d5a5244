import { readFile } from 'node:fs/promises';
import { type Command, Option } from 'commander';
import { messageOf } from '../../lib/base/errors.ts';
import { type Config, ConfigError, parseLocalConfig } from '../../lib/config/config.ts';
import { storedConfig } from '../../lib/config/stored-config.ts';
import { type ParameterStore, parameterNames } from '../../lib/drains/parameters.ts';
import { CliError } from './errors.ts';
import type { Target, TargetOptions } from './target.ts';

export interface ConfigOptions extends TargetOptions {
  readonly config?: string;
}

/** Adds `--config`, beside the flags of `addTargetOptions`; {@link configOf} reads them. */
export function addConfigOption(command: Command): Command {
  return command.addOption(
    new Option(
      '--config <file>',
      'a configuration beside a data directory (env: CISTERN_CONFIG, default: what `serve` last had)',
    ).conflicts('stage'),
  );
}

/**
 * The configuration of a target: what a stage was deployed with, or beside a data directory the file that
 * `--config` or CISTERN_CONFIG names, and without one what `serve` was last started with, else the defaults: to
 * watch with another than `serve` would be to take its apps for removed. Throws {@link CliError}.
 */
export async function configOf(target: Target, options: ConfigOptions): Promise<Config> {
  if (target.kind === 'stage') return configOfStage(target);
  const path = options.config ?? (process.env['CISTERN_CONFIG'] || undefined);
  return path === undefined ? configOfServe(target) : readConfigFile(path);
}

/** Where `serve` keeps its configuration in the data directory: all of it in one parameter. */
const servedConfig = `${parameterNames.config}0`;

/** Leaves the configuration of `serve` to the commands that look at its data directory. */
export async function keepServedConfig(parameters: ParameterStore, config: Config): Promise<void> {
  const value = JSON.stringify(config);
  if ((await parameters.get(servedConfig)) !== value) await parameters.put(servedConfig, value);
}

async function configOfServe({ parameters, describe }: Target): Promise<Config> {
  const kept = await parameters.get(servedConfig);
  if (kept === undefined) return parseLocalConfig({});
  try {
    return parseLocalConfig(JSON.parse(kept));
  } catch (cause) {
    throw new CliError(
      `the configuration that \`cistern serve\` left in ${describe} can't be understood: start it anew, or pass --config FILE.`,
      { cause },
    );
  }
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
