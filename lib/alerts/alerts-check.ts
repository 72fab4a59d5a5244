import { duration } from '../base/text.ts';
import type { Check, Finding, Look } from '../findings/finding.ts';
import type { Unsent } from '../incidents/alert.ts';
import { overdueMs } from './heartbeat.ts';
import type { BrokenChannel } from './make-channels.ts';
import type { SubscriptionReader } from './subscription-reader.ts';

export interface AlertsCheckPorts {
  /** Names of all channels of the configuration. */
  readonly channels: readonly string[];
  /** Whether there is anything that somebody should be told of. */
  readonly wanted: boolean;
  readonly broken: readonly BrokenChannel[];
  /** What the state says is unsent. */
  readonly unsent: readonly Unsent[];
  /** Topics that somebody must be subscribed to, by their subject: an SNS channel's name, `topic urgent`. */
  readonly topics: ReadonlyMap<string, string>;
  /** Absent where there is no topic. */
  readonly subscriptions?: SubscriptionReader;
}

/** Whether those whom Cistern would tell can be told: a watch that nobody hears is none. */
export class AlertsCheck implements Check {
  readonly name = 'alerts';
  readonly #ports: AlertsCheckPorts;

  constructor(ports: AlertsCheckPorts) {
    this.#ports = ports;
  }

  async look({ now, signal }: Look): Promise<readonly Finding[]> {
    const { channels, topics, wanted } = this.#ports;
    const own = channels.map((name) => this.#channel(name, now));
    const heard = await Promise.all([...topics].map(([subject, arn]) => this.#topic(subject, arn, signal)));
    const findings = [...own, ...heard.filter((finding) => finding !== undefined)];
    return [...(wanted && channels.length === 0 ? [nobody] : []), ...worstBySubject(findings)];
  }

  #channel(name: string, now: number): Finding {
    const { broken, unsent } = this.#ports;
    const fault = broken.find((each) => each.name === name);
    if (fault !== undefined) {
      return finding(name, 'critical', `Channel ${name} can't be used: ${fault.why}`, {
        remedy: `Give its secret with \`cistern alert set ${name}\`, then \`cistern alert test\``,
      });
    }
    const waiting = unsent.filter(({ channel }) => channel === name);
    const rejected = waiting.filter((each) => each.rejected === true);
    const [first] = rejected;
    if (first !== undefined) {
      return finding(name, 'critical', `Channel ${name} rejects alerts: ${first.lastError ?? 'no reason'}`, {
        remedy: `Mend the channel (\`cistern alert set ${name}\`), then \`cistern alert test\``,
        evidence: { rejected: rejected.length, unsent: waiting.length },
        since: earliest(rejected),
      });
    }
    const late = waiting.filter(({ queuedAt }) => now - queuedAt > overdueMs);
    if (late.length === 0) return finding(name, 'ok', `Channel ${name} takes alerts`);
    const since = earliest(late);
    const error = late.find(({ lastError }) => lastError !== undefined)?.lastError ?? 'not tried yet';
    const summary = `Channel ${name} has not taken an alert for ${duration(now - since)}: ${error}`;
    return finding(name, 'warning', summary, {
      remedy: `See whether it can be reached, then \`cistern alert test\``,
      evidence: { unsent: waiting.length },
      since,
    });
  }

  /** Undefined where all is well and a channel of this name says so already. */
  async #topic(subject: string, arn: string, signal: AbortSignal): Promise<Finding | undefined> {
    const { subscriptions, channels } = this.#ports;
    if (subscriptions === undefined) return undefined;
    let found: Awaited<ReturnType<SubscriptionReader['subscriptions']>>;
    try {
      found = await subscriptions.subscriptions(arn, signal);
    } catch (error) {
      const why = error instanceof Error ? error.message : 'unknown error';
      return finding(subject, 'unknown', `Who is subscribed to ${topicOf(arn)} can't be read: ${why}`, {
        remedy: "Allow sns:ListSubscriptionsByTopic to the watch's role",
      });
    }
    const pending = found.filter(({ confirmed }) => !confirmed);
    const evidence = { topic: topicOf(arn), subscriptions: found.length, unconfirmed: pending.length };
    const [first] = pending;
    if (first !== undefined) {
      const protocols = [...new Set(pending.map(({ protocol }) => protocol))].join(', ');
      return finding(
        subject,
        'warning',
        `${pending.length} of ${found.length} subscriptions to ${topicOf(arn)} are not confirmed (${protocols})`,
        { remedy: 'Answer the confirmation message; it expires after three days', evidence },
      );
    }
    if (found.length === 0) {
      return finding(subject, 'warning', `Nobody is subscribed to ${topicOf(arn)}`, {
        remedy: `Subscribe somebody: aws sns subscribe --topic-arn ${arn} --protocol email --notification-endpoint …`,
        evidence,
      });
    }
    if (channels.includes(subject)) return undefined;
    return finding(subject, 'ok', `All subscriptions to ${topicOf(arn)} are confirmed`, { evidence });
  }
}

const nobody: Finding = {
  check: 'alerts',
  subject: 'channels',
  status: 'warning',
  summary: 'No channel is configured: nobody is told when something is wrong',
  evidence: {},
  remedy: 'Configure alerts.channels, then give their secrets with `cistern alert set`',
};

function finding(
  subject: string,
  status: Finding['status'],
  summary: string,
  rest: Partial<Pick<Finding, 'remedy' | 'evidence' | 'since'>> = {},
): Finding {
  return { check: 'alerts', subject, status, summary, evidence: {}, remedy: '', ...rest };
}

function earliest(unsent: readonly Unsent[]): number {
  return Math.min(...unsent.map(({ queuedAt }) => queuedAt));
}

/** An ARN's last part. */
function topicOf(arn: string): string {
  return `topic ${arn.slice(arn.lastIndexOf(':') + 1)}`;
}

const badness = { ok: 0, skipped: 0, unknown: 1, warning: 2, critical: 3 } as const;

/** A channel over SNS is looked at twice: its alerts and its topic. */
function worstBySubject(findings: readonly Finding[]): readonly Finding[] {
  const worst = new Map<string, Finding>();
  for (const each of findings) {
    const other = worst.get(each.subject);
    if (other === undefined || badness[each.status] > badness[other.status]) worst.set(each.subject, each);
  }
  return [...worst.values()];
}
