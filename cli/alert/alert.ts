import { Command } from 'commander';
import type { Channel } from '../../lib/alerts/channels/channel.ts';
import { brokenChannel } from '../../lib/alerts/deliver.ts';
import { type OpenChannels, openChannels } from '../../lib/alerts/make-channels.ts';
import { sendTest, testAlert } from '../../lib/alerts/test-alert.ts';
import type { AlertsConfig, ChannelConfig, Route } from '../../lib/config/alert-config.ts';
import { parameterNames } from '../../lib/drains/parameters.ts';
import type { Delivery } from '../../lib/incidents/alert.ts';
import { wholeNumber } from '../shared/arguments.ts';
import { CliError, exitCodes } from '../shared/errors.ts';
import { note, print, printJson, printTable, warn } from '../shared/output.ts';
import { addTargetOptions, openTarget, type Target } from '../shared/target.ts';
import { addConfigOption, type ConfigOptions, configOf } from '../shared/target-config.ts';
import { setCommand } from './set.ts';

interface Options extends ConfigOptions {
  readonly json?: true;
}

interface TestOptions extends Options {
  readonly route?: number;
}

export function alertCommand(): Command {
  return new Command('alert')
    .addCommand(listCommand())
    .addCommand(setCommand())
    .addCommand(testCommand())
    .addHelpText(
      'after',
      `
Channels and routes are in the configuration, their secrets are not: they are kept beside those of the drains.

Examples:
  cistern alert list --stage prod        channels, routes, and whether their secrets are there
  cistern alert set on-call --stage prod give the secret of channel on-call
  cistern alert test --stage prod        send a marked test through every channel`,
    );
}

function listCommand(): Command {
  const command = new Command('list').description('list channels and routes, never a secret');
  return addConfigOption(addTargetOptions(command))
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Examples:
  cistern alert list --config cistern.json
  cistern alert list --stage prod --json | jq -r '.channels[] | select(.problem != null) | .name'`,
    )
    .action(async (options: Options) => {
      const { describe, alerts, opened } = await openAlerts(options);
      const problems = new Map(opened.broken.map(({ name, why }) => [name, why]));
      if (options.json) printJson(asJson(alerts, problems));
      else printAlerts(alerts, problems, describe);
    });
}

function asJson({ channels, routes }: AlertsConfig, problems: ReadonlyMap<string, string>): unknown {
  return {
    channels: Object.entries(channels).map(([name, { type }]) => ({
      name,
      type,
      problem: problems.get(name) ?? null,
    })),
    routes: routes.map((route, index) => ({ number: index + 1, ...route })),
  };
}

function printAlerts(
  { channels, routes }: AlertsConfig,
  problems: ReadonlyMap<string, string>,
  describe: string,
): void {
  const names = Object.keys(channels);
  if (names.length === 0) {
    note(`${describe} has no channel: nobody is told. Configure alerts.channels (docs/configuration.md).`);
    return;
  }
  printTable(
    ['CHANNEL', 'TYPE', 'STATE'],
    Object.entries(channels).map(([name, { type }]) => [name, type, problems.has(name) ? 'broken' : 'ready']),
  );
  print('');
  if (routes.length === 0) note('No routes: every channel is told everything.');
  else printTable(['ROUTE', 'TAKES', 'CHANNELS', 'FALLBACK', 'ESCALATE'], routes.map(routeRow));
  for (const [name, why] of problems) warn(`channel ${name} can't be used: ${why}`);
}

function routeRow(route: Route, index: number): string[] {
  const conditions = [route.severities, route.checks, route.apps, route.environments];
  const takes = conditions.filter((names) => names !== undefined).map((names) => names.join(','));
  return [
    String(index + 1),
    takes.join(' ') || 'everything',
    route.channels.join(','),
    route.fallback?.join(',') ?? '',
    route.escalate?.join(',') ?? '',
  ];
}

function testCommand(): Command {
  const command = new Command('test').description(
    'send a marked test through every channel, or those of a route',
  );
  return addConfigOption(addTargetOptions(command))
    .option('--route <n>', 'a route by its number in `cistern alert list`', wholeNumber('--route', 1, 999))
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
A test looks like the page that it stands for, so it may wake somebody; PagerDuty gets its resolve at once.
Fallback and escalation of a route are tested too.

Exit codes: 0 every channel took it, 1 one did not, 2 bad input.

Examples:
  cistern alert test --stage prod
  cistern alert test --stage prod --route 1`,
    )
    .action(test);
}

async function test(options: TestOptions): Promise<void> {
  const { describe, flags, alerts, opened, stage, environment } = await openAlerts(options);
  const route = options.route === undefined ? undefined : routeOf(alerts, options.route);
  const names = route === undefined ? Object.keys(alerts.channels) : channelsOf(route);
  if (names.length === 0) {
    throw new CliError(
      `${describe} has no channel to test: configure alerts.channels (docs/configuration.md).`,
    );
  }
  const alert = testAlert({ stage, environment, target: flags, route, now: Date.now() });
  const results = await Promise.all(
    names.map(async (name) => {
      const channel = opened.channels.get(name) ?? brokenChannel(name, 'it is not configured');
      const type = alerts.channels[name]?.type ?? 'webhook';
      return { name, type, delivery: await sendTest(channel, type, alert, attemptMs) };
    }),
  );
  if (options.json)
    printJson(results.map(({ name, type, delivery }) => ({ channel: name, type, ...delivery })));
  else
    for (const { name, type, delivery } of results) print(`${name} (${type}): ${describeDelivery(delivery)}`);
  if (results.some(({ delivery }) => delivery.outcome !== 'accepted')) process.exitCode = exitCodes.failed;
}

/** Longer than the watch gives an attempt: a person is waiting, not the next round. */
const attemptMs = 10_000;

function routeOf({ routes }: AlertsConfig, number: number): Route {
  const route = routes[number - 1];
  if (route !== undefined) return route;
  const there = routes.length === 0 ? 'there are none' : `there are 1 to ${routes.length}`;
  throw new CliError(
    `--route ${number}: there is no such route, ${there}. \`cistern alert list\` shows them.`,
  );
}

function channelsOf({ channels, fallback = [], escalate = [] }: Route): string[] {
  return [...new Set([...channels, ...fallback, ...escalate])];
}

function describeDelivery(delivery: Delivery): string {
  if (delivery.outcome === 'accepted') return 'accepted';
  if (delivery.outcome === 'rejected') return `rejected: ${delivery.error}`;
  return `not accepted${delivery.mayHaveArrived ? ' (it may have arrived all the same)' : ''}: ${delivery.error}`;
}

interface Alerts {
  readonly describe: string;
  readonly flags: string;
  readonly stage: string;
  readonly environment: string;
  readonly alerts: AlertsConfig;
  readonly opened: OpenChannels;
}

async function openAlerts(options: ConfigOptions): Promise<Alerts> {
  const target = await openTarget(options);
  const { alerts, stage, environment } = await configOf(target, options);
  const secrets = await target.parameters.get(parameterNames.alerts);
  const opened = openChannels(alerts, secrets, await makersFor(target, Object.values(alerts.channels)));
  return { describe: target.describe, flags: target.flags, stage, environment, alerts, opened };
}

/** The SDK is loaded only where there is a topic. */
async function makersFor(
  { parameters }: Target,
  channels: readonly ChannelConfig[],
): Promise<Parameters<typeof openChannels>[2]> {
  if (!channels.some(({ type }) => type === 'sns')) return { sns: (name) => brokenChannel(name, 'no topic') };
  const { SnsChannel } = await import('../../lib/alerts/aws/sns-channel.ts');
  const { SnsClients } = await import('../../lib/alerts/aws/sns-clients.ts');
  const clients = new SnsClients();
  const sns = (name: string, topicArn: string): Channel =>
    new SnsChannel(name, clients.of(topicArn), topicArn);
  return { sns, topicArn: await parameters.get(parameterNames.alertsTopic) };
}
