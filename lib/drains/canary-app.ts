import { type AppName, parseAppName } from './app-name.ts';

/**
 * The app of the canary's batches: listed without an operator's doing, and the only one whose contents the watch
 * may read.
 */
export const canaryApp: AppName = own('cistern-canary');

function own(name: string): AppName {
  const app = parseAppName(name);
  if (app === undefined) throw new Error(`${name} is no name of an app`);
  return app;
}
