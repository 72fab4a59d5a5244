import { randomInt } from 'node:crypto';
import { commandLine } from '../base/command-line.ts';
import type { ChannelConfig, Route } from '../config/alert-config.ts';
import type { Alert, Delivery } from '../incidents/alert.ts';
import { type IncidentId, parseIncidentId } from '../incidents/incident.ts';
import type { Channel } from './channels/channel.ts';
import { attempt } from './deliver.ts';

export interface TestOf {
  readonly stage: string;
  readonly environment: string;
  /** The flags that name it: `--stage prod`. */
  readonly target: string;
  /** What the alert looks like: the first of what the route takes. Undefined: a page of the check of alerts. */
  readonly route?: Route | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A marked test: it looks like a page, belongs to no incident, and its id is new every time. */
export function testAlert({ stage, environment, target, route, now }: TestOf): Alert {
  return {
    kind: 'trigger',
    reason: 'test',
    test: true,
    incident: testId(now),
    severity: route?.severities?.[0] ?? 'P1',
    check: route?.checks?.[0] ?? 'alerts',
    subjects: ['test'],
    apps: route?.apps?.slice(0, 1) ?? [],
    stage,
    environment: route?.environments?.[0] ?? environment,
    title: 'A test of this channel: nothing is wrong',
    remedy: 'Nothing: whoever sent it sees whether it arrived',
    command: commandLine('alert list', target),
    since: now,
    at: now,
  };
}

/**
 * Sends a test through one channel, and where it would stay open there (PagerDuty) a resolve after it. What
 * became of the last one sent.
 */
export async function sendTest(
  channel: Channel,
  type: ChannelConfig['type'],
  test: Alert,
  timeoutMs: number,
): Promise<Delivery> {
  const delivery = await attempt(channel, test, timeoutMs);
  if (type !== 'pagerduty' || delivery.outcome === 'rejected') return delivery;
  // Also after a doubtful one, which may have opened a page.
  const resolve: Alert = { ...test, kind: 'resolve', title: 'The test of this channel is over', lastedMs: 0 };
  const resolved = await attempt(channel, resolve, timeoutMs);
  return delivery.outcome === 'accepted' ? resolved : delivery;
}

function testId(now: number): IncidentId {
  const digits = new Date(now).toISOString().replaceAll(/\D/g, '');
  const random = randomInt(36 ** 6)
    .toString(36)
    .padStart(6, '0');
  const id = parseIncidentId(`inc_${digits.slice(0, 8)}_${digits.slice(8, 12)}_${random}`);
  if (id === undefined) throw new Error(`no incident id can be made of the time ${now}`);
  return id;
}
