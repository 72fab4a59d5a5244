import { ListSubscriptionsByTopicCommand } from '@aws-sdk/client-sns';
import { readAwsFailure } from '../../base/aws/aws-failure.ts';
import type { Subscription, SubscriptionReader } from '../subscription-reader.ts';
import type { SnsClients } from './sns-clients.ts';

/** Subscriptions of SNS topics: needs sns:ListSubscriptionsByTopic. */
export class SnsSubscriptions implements SubscriptionReader {
  readonly #clients: Pick<SnsClients, 'of'>;

  constructor(clients: Pick<SnsClients, 'of'>) {
    this.#clients = clients;
  }

  async subscriptions(topicArn: string, signal?: AbortSignal): Promise<readonly Subscription[]> {
    const found: Subscription[] = [];
    let token: string | undefined;
    do {
      const page = await this.#page(topicArn, token, signal);
      for (const { Protocol: protocol = 'unknown', SubscriptionArn: arn } of page.Subscriptions ?? []) {
        // `Deleted` stands for a while where somebody has unsubscribed.
        if (arn !== 'Deleted') found.push({ protocol, confirmed: arn?.startsWith('arn:') === true });
      }
      token = page.NextToken;
    } while (token !== undefined && token !== '' && found.length < enough);
    return found;
  }

  async #page(topicArn: string, token: string | undefined, signal: AbortSignal | undefined) {
    const command = new ListSubscriptionsByTopicCommand({
      TopicArn: topicArn,
      ...(token === undefined ? {} : { NextToken: token }),
    });
    try {
      return await this.#clients
        .of(topicArn)
        .send(command, signal === undefined ? {} : { abortSignal: signal });
    } catch (cause) {
      const { detail, setup } = readAwsFailure(cause);
      const what = setup ?? 'allow sns:ListSubscriptionsByTopic, and check that the topic is there';
      throw new Error(`ListSubscriptionsByTopic failed (${detail}): ${what}`, { cause });
    }
  }
}

/** Who is subscribed beyond this many changes nothing of what is said. */
const enough = 500;
