import { join } from 'node:path';
import { type App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { parseConfig } from '../lib/config/config.ts';
import { CisternStack } from './stack.ts';

/** Where `npm run build` leaves one folder a function. */
const defaultBundles = join(import.meta.dirname, '..', 'dist');

/**
 * Describes one stage, as the app's context `cistern` asks for it, and the checks that it must pass to be
 * synthesised. Throws ConfigError for a bad configuration, MissingBundleError before `npm run build`.
 */
export function addCistern(app: App, bundles: string = defaultBundles): CisternStack {
  const config = parseConfig(contextObject(app));
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return new CisternStack(app, `Cistern-${config.stage}`, { config, bundles });
}

/** The object in cdk.json, or what `--context cistern='{…}'` gives: that arrives as text. */
function contextObject(app: App): unknown {
  const context: unknown = app.node.tryGetContext('cistern');
  if (typeof context !== 'string') return context;
  try {
    return JSON.parse(context);
  } catch {
    return context;
  }
}
