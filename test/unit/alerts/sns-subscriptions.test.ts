import { ListSubscriptionsByTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, describe, expect, it } from 'vitest';
import { SnsClients } from '../../../lib/alerts/aws/sns-clients.ts';
import { SnsSubscriptions } from '../../../lib/alerts/aws/sns-subscriptions.ts';

const sns = mockClient(SNSClient);
const topicArn = 'arn:aws:sns:eu-west-1:111122223333:urgent';
const subscriptions = new SnsSubscriptions(new SnsClients());
afterEach(() => sns.reset());

describe('SnsSubscriptions', () => {
  it('tells who has confirmed from who has not, over pages, and leaves out who is gone', async () => {
    sns
      .on(ListSubscriptionsByTopicCommand, { TopicArn: topicArn })
      .resolves({
        Subscriptions: [
          { Protocol: 'email', SubscriptionArn: `${topicArn}:6fa5d1c0`, Endpoint: 'somebody@example.com' },
          { Protocol: 'https', SubscriptionArn: 'PendingConfirmation', Endpoint: 'https://x.example/key' },
        ],
        NextToken: 'more',
      })
      .on(ListSubscriptionsByTopicCommand, { TopicArn: topicArn, NextToken: 'more' })
      .resolves({
        Subscriptions: [
          { Protocol: 'email', SubscriptionArn: 'Deleted' },
          { Protocol: 'sms', SubscriptionArn: 'PendingConfirmation' },
        ],
      });

    expect(await subscriptions.subscriptions(topicArn)).toEqual([
      { protocol: 'email', confirmed: true },
      { protocol: 'https', confirmed: false },
      { protocol: 'sms', confirmed: false },
    ]);
  });

  it('asks where the topic is, since SNS knows it in no other region', async () => {
    const clients = new SnsClients();

    const far = clients.of('arn:aws:sns:us-east-2:444455556666:on-call');

    expect(await far.config.region()).toBe('us-east-2');
    expect(await clients.of(topicArn).config.region()).toBe('eu-west-1');
    expect(clients.of('arn:aws:sns:us-east-2:444455556666:second')).toBe(far);
  });

  it('says what to do when it may not look', async () => {
    const denied = Object.assign(new Error('User is not authorised'), {
      name: 'AuthorizationError',
      $metadata: { httpStatusCode: 403 },
    });
    sns.on(ListSubscriptionsByTopicCommand).rejects(denied);

    await expect(subscriptions.subscriptions(topicArn)).rejects.toThrow(
      /AuthorizationError.*allow sns:ListSubscriptionsByTopic/,
    );
  });
});
