import { randomUUID } from 'node:crypto';
import { CreateTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import { afterAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createSnsClient, SnsChannel } from '../../lib/alerts/aws/sns-channel.ts';
import { SnsSubscriptions } from '../../lib/alerts/aws/sns-subscriptions.ts';
import { acknowledgement, anAlert, recovery } from '../support/alerts.ts';

const client = createSnsClient();
afterAll(() => client.destroy());

async function makeTopic(): Promise<string> {
  const { TopicArn: arn } = await client.send(new CreateTopicCommand({ Name: `alerts-${randomUUID()}` }));
  if (arn === undefined) throw new Error('no topic was made');
  return arn;
}

const notification = z.tuple([
  z.string(),
  z.string(),
  z.string(),
  z.record(z.string(), z.object({ Type: z.string(), Value: z.string() })),
  z.unknown(),
]);
const topics = z.object({
  sns: z.object({ Topic: z.array(z.object({ arn: z.string(), sent_notifications: z.array(notification) })) }),
});

/** What moto says was published to a topic: subjects, messages, attributes. */
async function published(topicArn: string) {
  const answer = await fetch(`${process.env['AWS_ENDPOINT_URL']}/moto-api/data.json`);
  const topic = topics.parse(await answer.json()).sns.Topic.find(({ arn }) => arn === topicArn);
  return (topic?.sent_notifications ?? []).map(([, message, subject, attributes]) => ({
    subject,
    message: z.record(z.string(), z.string()).parse(JSON.parse(message)),
    attributes,
  }));
}

const soon = () => AbortSignal.timeout(10_000);

describe('SnsChannel on moto', () => {
  it('publishes every kind of alert', async () => {
    const topicArn = await makeTopic();
    const channel = new SnsChannel('mail', client, topicArn);

    for (const alert of [anAlert(), acknowledgement(), recovery({ apps: ['shop', 'blog'] })]) {
      expect(await channel.deliver(alert, soon())).toEqual({ outcome: 'accepted' });
    }

    const messages = await published(topicArn);
    expect(messages.map(({ subject }) => subject)).toEqual([
      'Cistern P1: No log line of shop for 16 min',
      'Cistern P1 acknowledged: No log line of shop for 16 min',
      'Cistern P1 resolved: No log line of shop for 16 min',
    ]);
    expect(messages[2]?.message['default']).toContain('Lasted: 1 h');
    expect(messages[2]?.attributes).toMatchObject({
      kind: { Type: 'String', Value: 'resolve' },
      app: { Type: 'String.Array', Value: '["shop","blog"]' },
    });
  });

  it('is rejected by a topic that is not there', async () => {
    const channel = new SnsChannel('mail', client, `${await makeTopic()}-gone`);

    const delivery = await channel.deliver(anAlert(), soon());

    expect(delivery).toMatchObject({ outcome: 'rejected', error: expect.stringContaining('no such topic') });
  });
});

describe('SnsSubscriptions on moto', () => {
  it('reads who is subscribed, over pages', async () => {
    const topicArn = await makeTopic();
    const subscriptions = new SnsSubscriptions({ of: () => client });
    expect(await subscriptions.subscriptions(topicArn)).toEqual([]);

    for (let i = 0; i < 105; i += 1) {
      await client.send(
        new SubscribeCommand({ TopicArn: topicArn, Protocol: 'email', Endpoint: `on-call-${i}@example.com` }),
      );
    }

    const found = await subscriptions.subscriptions(topicArn, soon());
    expect(found).toHaveLength(105);
    expect(found[0]).toEqual({ protocol: 'email', confirmed: true });
  });
});
