import * as z from 'zod';
import { type FakeAnswer, type FakeService, type ServiceOptions, startFakeService } from './fake-service.ts';

export type SlackOperation = 'post' | 'elsewhere';

/** An incoming webhook of Slack. */
export interface FakeSlack extends FakeService<SlackOperation> {
  /** The webhook's address. Its path is the secret. */
  readonly webhook: string;
  /** What was posted, in order. */
  readonly messages: readonly SlackMessage[];
  /** What it answers instead of taking anything: `no_service`, `channel_is_archived` … */
  refusal: SlackRefusal | undefined;
}

const plain = z.strictObject({
  type: z.literal('plain_text'),
  text: z.string().min(1),
  emoji: z.boolean().optional(),
});
const mrkdwn = z.strictObject({
  type: z.literal('mrkdwn'),
  text: z.string().min(1).max(3_000),
  verbatim: z.boolean().optional(),
});

/** Limits of Block Kit (docs.slack.dev, Blocks): 50 blocks, 150 characters a header, 3,000 a section. */
const message = z.strictObject({
  text: z.string().min(1).max(40_000),
  unfurl_links: z.boolean().optional(),
  blocks: z
    .array(
      z.discriminatedUnion('type', [
        z.strictObject({
          type: z.literal('header'),
          text: plain.extend({ text: z.string().min(1).max(150) }),
        }),
        z.strictObject({ type: z.literal('section'), text: z.union([mrkdwn, plain]) }),
      ]),
    )
    .max(50),
});

export type SlackMessage = z.output<typeof message>;

/** The statuses that the words come with (api.slack.com, Changes to errors for incoming webhooks). */
const statuses = {
  invalid_payload: 400,
  user_not_found: 400,
  action_prohibited: 403,
  invalid_token: 403,
  channel_not_found: 404,
  no_service: 404,
  channel_is_archived: 410,
  rollup_error: 500,
} as const;

export type SlackRefusal = keyof typeof statuses;

/** What Slack finds wrong with the body of a message; undefined when it takes it. */
export function slackProblem(body: string): string | undefined {
  const parsed = message.safeParse(parseJson(body));
  return parsed.success ? undefined : z.prettifyError(parsed.error);
}

/** What a message makes Slack do besides showing text: call people, link to where the sender did not mean. */
export function markupOf(body: string): readonly string[] {
  const { text, blocks } = message.parse(parseJson(body));
  const parsed = [text, ...blocks.flatMap((block) => (block.type === 'section' ? [block.text.text] : []))];
  return parsed.flatMap((each) => each.match(/<[^>]*>?/g) ?? []);
}

export async function startFakeSlack(options: ServiceOptions = {}): Promise<FakeSlack> {
  const path = '/services/T00000000/B00000000/XXXXsecretXXXXsecretXXXX';
  const messages: SlackMessage[] = [];
  const service = await startFakeService<SlackOperation>(
    {
      identify: (request) =>
        request.method === 'POST' && request.path === path
          ? { operation: 'post', key: '' }
          : { operation: 'elsewhere', key: request.path },
      perform: ({ operation, headers, body }) => {
        if (operation === 'elsewhere') return word(404, 'no_team');
        if (fake.refusal !== undefined) return word(statuses[fake.refusal], fake.refusal);
        const isJson = headers['content-type']?.startsWith('application/json') === true;
        if (!isJson || slackProblem(body.toString()) !== undefined) return word(400, 'invalid_payload');
        messages.push(message.parse(parseJson(body.toString())));
        return word(200, 'ok');
      },
      error: (status, code = '') => word(status, status === 429 ? 'rate_limited' : code),
    },
    options,
  );
  const refusal: SlackRefusal | undefined = undefined;
  const fake: FakeSlack = Object.assign(service, { webhook: `${service.url}${path}`, messages, refusal });
  return fake;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function word(status: number, body: string): FakeAnswer {
  const headers: Record<string, string> = { 'content-type': 'text/html' };
  if (status === 429) headers['retry-after'] = '30';
  if (status >= 300 && status < 400) headers['location'] = '/elsewhere';
  return { status, headers, body };
}
