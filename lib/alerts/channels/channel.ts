import type { Alert, Delivery } from '../../incidents/alert.ts';

/** One way to tell somebody: an SNS topic, PagerDuty, Slack, a webhook. */
export interface Channel {
  /** Its name in the configuration. */
  readonly name: string;
  /**
   * One attempt, which ends soon after `signal` aborts. Never rejects, and never says a secret in an error.
   * Alerts of one incident are given in order.
   */
  deliver(alert: Alert, signal: AbortSignal): Promise<Delivery>;
}
