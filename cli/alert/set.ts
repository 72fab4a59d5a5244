import { text } from 'node:stream/consumers';
import { Command } from 'commander';
import { formatSecrets, judgeSecret, parseSecrets, type SecretType } from '../../lib/alerts/secrets.ts';
import type { Config } from '../../lib/config/config.ts';
import { parameterNames } from '../../lib/drains/parameters.ts';
import { CliError, exitCodes } from '../shared/errors.ts';
import { note } from '../shared/output.ts';
import { addTargetOptions, openTarget, type Target } from '../shared/target.ts';
import { addConfigOption, type ConfigOptions, configOf } from '../shared/target-config.ts';

export function setCommand(): Command {
  const command = new Command('set')
    .description('give the secret of a channel, over stdin or at a hidden prompt')
    .argument('<channel>', 'its name in the configuration');
  return addConfigOption(addTargetOptions(command))
    .addHelpText(
      'after',
      `
One value a line:
  pagerduty   the integration key of an Events API v2 integration
  slack       the URL of an incoming webhook
  webhook     its URL, then its signing secret: 24 to 64 bytes in base64, such as from \`openssl rand -base64 32\`
SNS channels have no secret. The watch takes the new one at its next run.

Examples:
  cistern alert set on-call --stage prod
  cistern alert set on-call --stage prod < routing-key.txt`,
    )
    .action(async (name: string, options: ConfigOptions) => {
      const target = await openTarget(options);
      const type = typeOf(name, await configOf(target, options));
      const secret = asSecret(type, await readValues(type));
      const judged = judgeSecret(type, secret);
      if ('why' in judged) throw new CliError(`the secret of ${name} is not valid: ${judged.why}.`);
      await merge(target, name, secret);
      note(`The secret of ${name} is set. See whether it works: cistern alert test`);
    });
}

function typeOf(name: string, { alerts }: Config): SecretType {
  const config = Object.hasOwn(alerts.channels, name) ? alerts.channels[name] : undefined;
  if (config === undefined) {
    const names = Object.keys(alerts.channels).join(', ') || 'there are none';
    throw new CliError(`there is no channel '${name}' in the configuration; channels: ${names}.`);
  }
  if (config.type !== 'sns') return config.type;
  throw new CliError(`channel ${name} is an SNS topic, which has no secret: subscribe to it instead.`);
}

const asked: Readonly<Record<SecretType, readonly string[]>> = {
  pagerduty: ['Integration key'],
  slack: ["The incoming webhook's URL"],
  webhook: ["The receiver's URL", 'Signing secret (base64)'],
};

/** As many values as the kind of channel has. */
async function readValues(type: SecretType): Promise<readonly string[]> {
  const questions = asked[type];
  if (process.stdin.isTTY && process.stderr.isTTY) return prompt(questions);
  const lines = (await text(process.stdin)).split('\n').map((line) => line.trim());
  const values = lines.filter((line) => line !== '');
  if (values.length === questions.length) return values;
  throw new CliError(
    `a ${type} channel wants ${questions.length === 1 ? 'one line' : `${questions.length} lines`} on stdin (${questions.join(', then ')}), not ${values.length}.`,
  );
}

async function prompt(questions: readonly string[]): Promise<readonly string[]> {
  const { isCancel, password } = await import('@clack/prompts');
  const values: string[] = [];
  for (const message of questions) {
    const answer = await password({ message, output: process.stderr });
    if (isCancel(answer)) throw new CliError('nothing was changed.', { exitCode: exitCodes.failed });
    values.push(answer.trim());
  }
  return values;
}

function asSecret(type: SecretType, [first, second]: readonly string[]): unknown {
  if (type === 'pagerduty') return { routingKey: first };
  return type === 'slack' ? { url: first } : { url: first, secret: second };
}

/** Leaves the other channels' secrets as they are, the bad ones too. */
async function merge({ parameters, describe }: Target, name: string, secret: unknown): Promise<void> {
  const stored = await parameters.get(parameterNames.alerts);
  const secrets = stored === undefined ? new Map<string, unknown>() : parseSecrets(stored);
  if (secrets === undefined) {
    throw new CliError(
      `parameter ${parameterNames.alerts} of ${describe} is not one JSON object: correct or delete it, then try again.`,
    );
  }
  await parameters.put(parameterNames.alerts, formatSecrets(new Map(secrets).set(name, secret)));
}
