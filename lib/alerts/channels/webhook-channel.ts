import { createHash } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import type { Alert, Delivery } from '../../incidents/alert.ts';
import type { Channel } from './channel.ts';
import type { ChannelUrl } from './channel-url.ts';
import { alertPayload } from './payload.ts';
import { post } from './post.ts';

/** A POST signed per Standard Webhooks 1.0.0 (standardwebhooks.com), symmetric: `v1`, HMAC-SHA256. */
export class WebhookChannel implements Channel {
  readonly name: string;
  readonly #url: ChannelUrl;
  readonly #signer: Webhook;

  /** `secret` as {@link isSigningSecret} wants it; throws for another. */
  constructor(name: string, url: ChannelUrl, secret: string) {
    this.name = name;
    this.#url = url;
    this.#signer = new Webhook(secret);
  }

  deliver(alert: Alert, signal: AbortSignal): Promise<Delivery> {
    const body = JSON.stringify(webhookPayload(alert));
    const id = messageId(alert);
    // Of the attempt, not of the alert: receivers refuse what is over five minutes old as replayed.
    const sentAt = new Date();
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
      'webhook-signature': this.#signer.sign(id, sentAt, body),
    };
    return post({ url: this.#url, headers, body, explain }, signal);
  }
}

/** 24 to 64 bytes as base64, after `whsec_` (Standard Webhooks, Signature scheme). */
export function isSigningSecret(text: string): boolean {
  const base64 = text.replace(/^whsec_/, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64) || base64.length % 4 !== 0) return false;
  const { length } = Buffer.from(base64, 'base64');
  return length >= 24 && length <= 64;
}

/** The same for every attempt of one alert, so that a receiver can drop what it has already. */
export function messageId({ incident, kind, reason, at }: Alert): string {
  const hash = createHash('sha256').update(JSON.stringify([incident, kind, reason, at]));
  return `msg_${hash.digest('hex').slice(0, 32)}`;
}

export function webhookPayload(alert: Alert): unknown {
  return {
    type: `incident.${alert.kind}`,
    timestamp: new Date(alert.at).toISOString(),
    data: alertPayload(alert),
  };
}

function explain(status: number): string {
  if (status === 401 || status === 403) return 'the receiver refuses it: check its signing secret';
  if (status === 404) return 'there is nothing at this address: correct it';
  return status === 410 ? 'the receiver wants no more' : 'the receiver does not take it';
}
