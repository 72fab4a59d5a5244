import type { Config } from '../../lib/config/config.ts';
import { canaryApp } from '../../lib/drains/canary-app.ts';
import { type ParameterReader, parameterNames } from '../../lib/drains/parameters.ts';

/**
 * Nobody is refused because the registry is gone, as when its disk is not mounted: `announce` writes to it, so
 * one that has nothing in it is none.
 */
export function orUnreadable(parameters: ParameterReader, data: string): ParameterReader {
  return {
    list: async (prefix, signal) => {
      const all = await parameters.list('', signal);
      if (all.length === 0) throw new Error(`the registry in ${data} is gone`);
      return all.filter(({ name }) => name.startsWith(prefix));
    },
  };
}

/** The apps of the configuration, and the canary's, count as listed, as the stack makes them on AWS. */
export function withListedApps(parameters: ParameterReader, { apps }: Config): ParameterReader {
  const names = [...apps.map(({ name }) => name), canaryApp];
  const listed = { name: `${parameterNames.listed}0`, value: names.join(',') };
  return { list: async (prefix, signal) => [...(await parameters.list(prefix, signal)), listed] };
}
