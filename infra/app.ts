/** The CDK app, as cdk.json names it: `node infra/app.ts`. Exits with 2 when an operator has to correct something. */
import { App } from 'aws-cdk-lib';
import { ConfigError } from '../lib/config/config.ts';
import { MissingBundleError } from './bundled-function.ts';
import { addCistern } from './cistern.ts';

// Not synthesised on exit, as is the default: a half-described app must leave nothing behind.
const app = new App({ autoSynth: false });
try {
  addCistern(app);
  app.synth();
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof MissingBundleError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
