import { cut } from '../../base/text.ts';
import type { Alert, Delivery } from '../../incidents/alert.ts';
import { factsOf, headline } from '../text.ts';
import type { Channel } from './channel.ts';
import type { ChannelUrl } from './channel-url.ts';
import { post } from './post.ts';

/** An incoming webhook of Slack (docs.slack.dev, Sending messages using incoming webhooks). */
export class SlackChannel implements Channel {
  readonly name: string;
  readonly #url: ChannelUrl;

  constructor(name: string, url: ChannelUrl) {
    this.name = name;
    this.#url = url;
  }

  deliver(alert: Alert, signal: AbortSignal): Promise<Delivery> {
    const body = JSON.stringify(slackMessage(alert));
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    return post({ url: this.#url, headers, body, explain }, signal);
  }
}

/** Limits of Block Kit, in characters: the text of a header block, of a section block. */
const maxHeader = 150;
const maxSection = 3_000;

/** `text` is what notifications and screen readers show; the blocks are the message. */
export function slackMessage(alert: Alert): unknown {
  const title = `${symbolOf(alert)} ${headline(alert)}`;
  return {
    text: cutEscaped(title, maxSection),
    // No unfurling of the runbook's page, which would be fetched by Slack.
    unfurl_links: false,
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: cut(title, maxHeader), emoji: false } },
      ...sections(alert).map((text) => ({ type: 'section', text: { type: 'mrkdwn', text } })),
    ],
  };
}

function symbolOf({ kind, severity }: Alert): string {
  if (kind !== 'trigger') return kind === 'resolve' ? '🟢' : '👀';
  return severity === 'P3' || severity === 'P4' ? '🟡' : '🔴';
}

/** As many facts in a section as it holds: one is always shorter than that. */
function sections(alert: Alert): string[] {
  const texts: string[] = [];
  for (const [label, value] of factsOf(alert)) {
    const line = `*${label}:* ${show(label, value)}`;
    const last = texts.at(-1);
    if (last !== undefined && last.length + 1 + line.length <= maxSection) {
      texts[texts.length - 1] = `${last}\n${line}`;
    } else texts.push(line);
  }
  return texts;
}

const asCode: ReadonlySet<string> = new Set(['Next command', 'Last object', 'Incident']);

function show(label: string, value: string): string {
  if (asCode.has(label)) return `\`${cutEscaped(value.replaceAll('`', "'"), maxSection / 2)}\``;
  if (label === 'Runbook') return cutEscaped(value, maxSection / 2);
  return cutEscaped(label === 'What to do' ? withCommands(value) : unformatted(value), maxSection / 2);
}

/** What stands between two backticks is a command, to be copied as it is: Slack formats nothing within. */
function withCommands(text: string): string {
  const parts = text.split('`');
  if (parts.length % 2 === 0) return unformatted(text);
  return parts
    .map((part, index) => (index % 2 === 0 ? unformatted(part) : part === '' ? '' : `\`${part}\``))
    .join('');
}

/** A zero-width space after `*`, `_`, `~` and `` ` `` keeps them from being markup: Slack has no escape for them. */
function unformatted(text: string): string {
  return text.replaceAll(/[*_~`]/g, '$&\u200b');
}

/**
 * The three characters that Slack wants escaped, and no others (docs.slack.dev, Formatting message text):
 * `<!channel>` in a title must not call everybody. Cut before an escape, never within.
 */
function cutEscaped(text: string, max: number): string {
  let escaped = '';
  for (const character of text) {
    const next = escapes.get(character) ?? character;
    if (escaped.length + next.length >= max) return `${escaped}…`;
    escaped += next;
  }
  return escaped;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
]);

/** Words that Slack answers with (docs.slack.dev, Handling errors of incoming webhooks). */
const words: ReadonlyMap<string, string> = new Map([
  ['invalid_payload', 'Slack finds the message invalid'],
  ['invalid_blocks', 'Slack finds the message invalid'],
  ['no_text', 'Slack finds the message empty'],
  ['no_service', 'the webhook was removed or switched off: make a new one'],
  ['no_service_id', 'the webhook was removed or switched off: make a new one'],
  ['no_team', "the webhook's workspace is gone: make a new one"],
  ['team_disabled', "the webhook's workspace is switched off"],
  ['invalid_token', 'the webhook is not valid: make a new one'],
  ['action_prohibited', "the workspace's administrators do not allow the webhook"],
  ['posting_to_general_channel_denied', "the webhook may not post to the workspace's general channel"],
  ['channel_not_found', "the webhook's channel is gone: make a new one"],
  ['channel_is_archived', "the webhook's channel is archived: make a new one for another"],
  ['user_not_found', "the webhook's user is gone: make a new one"],
]);

function explain(status: number, answer: string): string {
  const known = words.get(answer.trim());
  if (known !== undefined) return `${answer.trim()}, ${known}`;
  return status === 400 ? 'Slack finds the message invalid' : 'the webhook is not valid: make a new one';
}
