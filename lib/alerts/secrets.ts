import * as z from 'zod';
import type { ChannelConfig } from '../config/alert-config.ts';
import { type ChannelUrl, parseChannelUrl, type UrlRules } from './channels/channel-url.ts';
import { isSigningSecret } from './channels/webhook-channel.ts';

/** What the channels need to know that nobody else may: parameter `alerts`, by the channel's name. */
export type Secrets = ReadonlyMap<string, unknown>;

/** Undefined for what is no JSON object. What it holds is judged by channel, so that one bad secret harms one. */
export function parseSecrets(value: string): Secrets | undefined {
  let input: unknown;
  try {
    input = JSON.parse(value);
  } catch {
    return undefined;
  }
  const parsed = z.record(z.string(), z.unknown()).safeParse(input);
  return parsed.success ? new Map(Object.entries(parsed.data)) : undefined;
}

export function formatSecrets(secrets: Secrets): string {
  return JSON.stringify(Object.fromEntries(secrets));
}

/** The kinds of channel that have a secret. SNS takes the credentials of whoever publishes. */
export type SecretType = Exclude<ChannelConfig['type'], 'sns'>;

export interface SecretOf {
  readonly pagerduty: { readonly routingKey: string };
  readonly slack: { readonly url: ChannelUrl };
  readonly webhook: { readonly url: ChannelUrl; readonly secret: string };
}

export type Judged<T> = { readonly secret: T } | { readonly why: string };

/** The secret of a channel of some kind, or what is wrong with it, in words that do not show it. */
export function judgeSecret<T extends SecretType>(
  type: T,
  input: unknown,
  rules: UrlRules = {},
): Judged<SecretOf[T]> {
  const parsed = schemas(rules)[type].safeParse(input);
  if (parsed.success) return { secret: parsed.data };
  const faults = parsed.error.issues.map(({ path, message }) => [...path, message].join(' '));
  return { why: [...new Set(faults)].join(', ') };
}

function schemas(rules: UrlRules): { readonly [T in SecretType]: z.ZodType<SecretOf[T]> } {
  const url = z.string({ error: 'must be an https address' }).transform((text, context): ChannelUrl => {
    const parsed = parseChannelUrl(text, rules);
    if (parsed !== undefined) return parsed;
    context.addIssue({ code: 'custom', message: 'must be an https address without user and password' });
    return z.NEVER;
  });
  const inside = <S extends z.ZodRawShape>(shape: S) =>
    z.object(shape, { error: `must be an object with ${Object.keys(shape).join(' and ')}` });
  return {
    pagerduty: inside({ routingKey: matching((text) => /^[A-Za-z0-9]{32}$/.test(text), routingKeyFault) }),
    slack: inside({ url }),
    webhook: inside({ url, secret: matching(isSigningSecret, signingSecretFault) }),
  };
}

function matching(test: (text: string) => boolean, error: string) {
  return z.string({ error }).refine(test, { error });
}

const routingKeyFault = 'must be the 32 letters and digits of an integration key (Events API v2)';
const signingSecretFault = 'must be 24 to 64 bytes in base64, with or without whsec_ in front';
