/** Who is subscribed to a topic. */
export interface SubscriptionReader {
  /** Rejects when it can't be read. */
  subscriptions(topicArn: string, signal?: AbortSignal): Promise<readonly Subscription[]>;
}

/** An address may be private, or hold a key: it is not kept. */
export interface Subscription {
  readonly protocol: string;
  /** False until its owner has answered the message that asks; three days later the subscription is gone. */
  readonly confirmed: boolean;
}
