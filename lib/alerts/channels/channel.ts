import type { Alert } from '../../incidents/alert.ts';

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

export type Delivery =
  | { readonly outcome: 'accepted' }
  | {
      /** Worth another attempt: not reached, too slow, 5xx, 429. */
      readonly outcome: 'retry';
      readonly error: string;
      /** The channel may have taken it although it did not say so. */
      readonly mayHaveArrived: boolean;
      /** It asked to be left alone: the rest for this channel waits for the next run. */
      readonly busy: boolean;
    }
  | {
      /** The same attempt will fail again until somebody mends it: a wrong key, an address that is gone. */
      readonly outcome: 'rejected';
      readonly error: string;
    };
