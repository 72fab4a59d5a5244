import { cut, oneLine } from '../../base/text.ts';
import type { Severity } from '../../findings/severity.ts';
import type { Alert, Delivery } from '../../incidents/alert.ts';
import { factsOf, headline } from '../text.ts';
import type { Channel } from './channel.ts';
import type { ChannelUrl } from './channel-url.ts';
import { post } from './post.ts';

/** PagerDuty keeps an account in one region, each with an address of its own (support.pagerduty.com, Service Regions). */
export const pagerDutyUrls = {
  us: 'https://events.pagerduty.com/v2/enqueue',
  eu: 'https://events.eu.pagerduty.com/v2/enqueue',
} as const;

/**
 * PagerDuty's Events API v2 (developer.pagerduty.com, Send an Alert Event). All that concerns an incident has
 * its id as `dedup_key`, so a trigger that arrives twice is one alert there, and an acknowledgement or a
 * resolve without one is dropped.
 */
export class PagerDutyChannel implements Channel {
  readonly name: string;
  readonly #url: ChannelUrl;
  readonly #routingKey: string;

  constructor(name: string, url: ChannelUrl, routingKey: string) {
    this.name = name;
    this.#url = url;
    this.#routingKey = routingKey;
  }

  deliver(alert: Alert, signal: AbortSignal): Promise<Delivery> {
    const body = JSON.stringify(pagerDutyEvent(alert, this.#routingKey));
    const headers = { 'content-type': 'application/json' };
    return post({ url: this.#url, headers, body, explain }, signal);
  }
}

/** Of `info` and `warning` a service with dynamic notifications wakes nobody. */
const severityWords: Readonly<Record<Severity, 'critical' | 'error' | 'warning' | 'info'>> = {
  P0: 'critical',
  P1: 'critical',
  P2: 'error',
  P3: 'warning',
  P4: 'info',
};

/** The limit of `payload.summary`, in characters. The whole event may have 512 KB; the facts are far shorter. */
const maxSummary = 1_024;

/** The limit of `dedup_key`, kept for the shorter fields, whose limits are not documented. */
const maxField = 255;

export function pagerDutyEvent(alert: Alert, routingKey: string): unknown {
  const { runbookUrl } = alert;
  return {
    routing_key: routingKey,
    event_action: alert.kind,
    dedup_key: alert.incident,
    client: 'Cistern',
    ...(runbookUrl === undefined ? {} : { links: [{ href: runbookUrl, text: 'Runbook' }] }),
    payload: {
      summary: cut(headline(alert), maxSummary),
      severity: severityWords[alert.severity],
      source: `cistern/${alert.stage}`,
      timestamp: new Date(alert.at).toISOString(),
      component: cut(alert.apps.map(oneLine).join(', ') || 'cistern', maxField),
      group: alert.environment,
      class: alert.check,
      custom_details: Object.fromEntries(factsOf(alert)),
    },
  };
}

function explain(status: number, answer: string): string {
  const key = status !== 400 || /routing.?key|integration/i.test(answer);
  return key
    ? 'PagerDuty does not take its routing key: give the integration key of an Events API v2 integration, and the region of the account'
    : 'PagerDuty finds the event invalid';
}
