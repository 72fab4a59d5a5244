import type { AlertsConfig, ChannelConfig } from '../config/alert-config.ts';
import type { Channel } from './channels/channel.ts';
import { parseChannelUrl, type UrlRules } from './channels/channel-url.ts';
import { PagerDutyChannel, pagerDutyUrls } from './channels/pagerduty-channel.ts';
import { SlackChannel } from './channels/slack-channel.ts';
import { WebhookChannel } from './channels/webhook-channel.ts';
import { brokenChannel } from './deliver.ts';
import { judgeSecret, parseSecrets, type Secrets, type SecretType } from './secrets.ts';

export interface OpenChannels {
  /** Every channel of the configuration, the broken ones too: those reject whatever they are given. */
  readonly channels: ReadonlyMap<string, Channel>;
  readonly broken: readonly BrokenChannel[];
}

export interface BrokenChannel {
  readonly name: string;
  /** Without the secret. */
  readonly why: string;
}

export interface ChannelMakers extends UrlRules {
  /** Makes a channel over an SNS topic: only an adapter can. */
  readonly sns: (name: string, topicArn: string) => Channel;
  /** The stack's own topic, for an SNS channel that names none; undefined where there is no stack. */
  readonly topicArn?: string | undefined;
}

/** Opens every channel; `secrets` is the value of parameter `alerts`, undefined where there is none. Never throws. */
export function openChannels(
  { channels: configured }: Pick<AlertsConfig, 'channels'>,
  secrets: string | undefined,
  makers: ChannelMakers,
): OpenChannels {
  const known = secrets === undefined ? new Map<string, unknown>() : parseSecrets(secrets);
  const channels = new Map<string, Channel>();
  const broken: BrokenChannel[] = [];
  for (const [name, config] of Object.entries(configured)) {
    const opened =
      config.type === 'sns' ? openTopic(name, config, makers) : openWith(name, config, known, makers);
    if ('why' in opened) broken.push({ name, why: opened.why });
    channels.set(name, 'why' in opened ? brokenChannel(name, opened.why) : opened.channel);
  }
  return { channels, broken };
}

type Opened = { readonly channel: Channel } | { readonly why: string };
type ConfigOf<T extends ChannelConfig['type']> = Extract<ChannelConfig, { type: T }>;

function openTopic(name: string, config: ConfigOf<'sns'>, { sns, topicArn }: ChannelMakers): Opened {
  const arn = config.topicArn ?? topicArn;
  if (arn !== undefined) return { channel: sns(name, arn) };
  return { why: `it has no topic: give it a topicArn, since there is no stack here with one` };
}

function openWith(
  name: string,
  config: ConfigOf<SecretType>,
  secrets: Secrets | undefined,
  { loopbackHttp }: UrlRules,
): Opened {
  if (secrets === undefined) return { why: 'parameter alerts is not one JSON object: correct or delete it' };
  const value = secrets.get(name);
  if (value === undefined) return { why: `it has no secret: \`cistern alert set ${name}\`` };
  const judged = makeChannel(name, config, value, loopbackHttp === undefined ? {} : { loopbackHttp });
  return 'channel' in judged
    ? judged
    : { why: `its secret is not valid (${judged.why}): \`cistern alert set ${name}\`` };
}

function makeChannel(name: string, config: ConfigOf<SecretType>, value: unknown, rules: UrlRules): Opened {
  switch (config.type) {
    case 'pagerduty': {
      const judged = judgeSecret('pagerduty', value);
      if ('why' in judged) return judged;
      const url = parseChannelUrl(pagerDutyUrls[config.region]);
      if (url === undefined) return { why: 'its region has no address' };
      return { channel: new PagerDutyChannel(name, url, judged.secret.routingKey) };
    }
    case 'slack': {
      const judged = judgeSecret('slack', value, rules);
      return 'why' in judged ? judged : { channel: new SlackChannel(name, judged.secret.url) };
    }
    case 'webhook': {
      const judged = judgeSecret('webhook', value, rules);
      if ('why' in judged) return judged;
      return { channel: new WebhookChannel(name, judged.secret.url, judged.secret.secret) };
    }
  }
}
