import * as z from 'zod';
import { incidentChecks, severities } from '../findings/severity.ts';

/** The `alerts` key of the configuration: who is told what, and how. Secrets are elsewhere (parameter `alerts`). */

const channelName = /^[a-z][a-z0-9-]{0,29}$/;

function list<T extends z.ZodType>(item: T, of: string) {
  return z
    .array(item, { error: `must be a list of ${of}` })
    .min(1, { error: `must list at least one of ${of}` });
}

const channel = z.discriminatedUnion(
  'type',
  [
    /** Without `topicArn`, the stack's own topic. */
    z.strictObject({
      type: z.literal('sns'),
      topicArn: z
        .string()
        .regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+$/, {
          error: 'must be the ARN of an SNS topic, such as "arn:aws:sns:eu-central-1:111122223333:on-call"',
        })
        .exactOptional(),
    }),
    z.strictObject({
      type: z.literal('pagerduty'),
      /** PagerDuty keeps accounts in two regions. */
      region: z.enum(['us', 'eu'], { error: 'must be "us" or "eu"' }).default('us'),
    }),
    z.strictObject({ type: z.literal('slack') }),
    z.strictObject({ type: z.literal('webhook') }),
  ],
  { error: 'must be an object with a type: "sns", "pagerduty", "slack" or "webhook"' },
);

export type ChannelConfig = z.output<typeof channel>;

const names = list(z.string({ error: 'must be the name of a channel' }), 'channel names');

/** The first route that matches an incident takes it. What is left out matches everything. */
const route = z.strictObject(
  {
    severities: list(
      z.enum(severities, { error: `must be one of ${severities.join(', ')}` }),
      'severities',
    ).exactOptional(),
    checks: list(
      z.enum(incidentChecks, { error: `must be a check: ${incidentChecks.join(', ')}` }),
      'checks',
    ).exactOptional(),
    apps: list(z.string({ error: 'must be the name of an app' }), 'apps').exactOptional(),
    environments: list(z.string({ error: 'must be an environment' }), 'environments').exactOptional(),
    channels: names,
    /** Told too when a channel has not accepted an alert for ten minutes. */
    fallback: names.exactOptional(),
    /** Told too when nobody acknowledged a P0 or P1 for fifteen minutes. */
    escalate: names.exactOptional(),
  },
  { error: 'must be an object such as { "severities": ["P1"], "channels": ["on-call"] }' },
);

export type Route = z.output<typeof route>;

export const alertsConfig = z
  .strictObject(
    {
      channels: z
        .record(z.string().regex(channelName), channel, {
          error: ({ code }) =>
            code === 'invalid_key'
              ? 'must be named with 1 to 30 of a-z, 0-9 and dashes, a letter first'
              : 'must be an object such as { "on-call": { "type": "pagerduty" } }',
        })
        .default({}),
      /** Without routes, every channel is told everything. */
      routes: z.array(route, { error: 'must be a list of routes' }).default([]),
    },
    { error: 'must be an object with channels and routes' },
  )
  // Although other keys are bad: zod would skip it, and name fewer of them.
  .superRefine(refuseUnknownChannels, { when: ({ value }) => named.safeParse(value).success });

export type AlertsConfig = z.output<typeof alertsConfig>;

const named = z.looseObject({
  channels: z.record(z.string(), z.unknown()),
  routes: z.array(z.unknown()),
});
const namesOf = z.array(z.unknown()).catch([]);
const namesOfRoute = z
  .looseObject({ channels: namesOf, fallback: namesOf, escalate: namesOf })
  .catch({ channels: [], fallback: [], escalate: [] });

/** Runs on routes that may be bad, so it takes nothing for granted. */
function refuseUnknownChannels(alerts: unknown, context: z.RefinementCtx): void {
  const { channels, routes } = named.parse(alerts);
  for (const [index, route] of routes.entries()) {
    const lists = namesOfRoute.parse(route);
    for (const key of ['channels', 'fallback', 'escalate'] as const) {
      for (const [at, name] of lists[key].entries()) {
        // What is no name at all is the schema's to refuse.
        if (typeof name !== 'string' || Object.hasOwn(channels, name)) continue;
        context.addIssue({
          code: 'custom',
          path: ['routes', index, key, at],
          message: `must be one of the channels: ${Object.keys(channels).join(', ') || 'there are none'}`,
        });
      }
    }
  }
}
