import { type ParameterReader, parameterNames } from '../drains/parameters.ts';
import { type Config, ConfigError, parseConfig } from './config.ts';

/**
 * The configuration that a stage was deployed with: the parameters `config/0`, `config/1` … joined. Undefined
 * where none is stored. Throws {@link ConfigError}, and what the reader throws.
 */
export async function storedConfig(
  parameters: ParameterReader,
  signal?: AbortSignal,
): Promise<Config | undefined> {
  const parts = (await parameters.list(parameterNames.config, signal))
    .map(({ name, value }) => ({ at: Number(name.slice(parameterNames.config.length)), value }))
    .sort((a, b) => a.at - b.at);
  if (parts.length === 0) return undefined;
  if (parts.some(({ at }, index) => at !== index)) throw damaged();
  let input: unknown;
  try {
    input = JSON.parse(parts.map(({ value }) => value).join(''));
  } catch {
    throw damaged();
  }
  return withOwnTopic(parseConfig(input));
}

/** {@link storedConfig}, where there must be one. */
export async function requireStoredConfig(
  parameters: ParameterReader,
  signal?: AbortSignal,
): Promise<Config> {
  const config = await storedConfig(parameters, signal);
  if (config !== undefined) return config;
  throw new ConfigError([`parameter ${parameterNames.config}0: must hold what the stage was deployed with`]);
}

/** A stage for which no channel is configured tells the topic that its stack has made. */
function withOwnTopic(config: Config): Config {
  if (Object.keys(config.alerts.channels).length > 0) return config;
  return { ...config, alerts: { ...config.alerts, channels: { topic: { type: 'sns' } } } };
}

/** A deployment replaces the parts one by one, so it may have been read in the middle of one. */
function damaged(): ConfigError {
  return new ConfigError([
    `parameters ${parameterNames.config}0 …: must be one JSON object when joined; deploy again, or wait until a deployment ends`,
  ]);
}
