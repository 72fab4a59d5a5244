import { describe, expect, it } from 'vitest';
import { createSnsClient, SnsChannel } from '../../../lib/alerts/aws/sns-channel.ts';
import type { Channel } from '../../../lib/alerts/channels/channel.ts';
import { type ChannelUrl, parseChannelUrl } from '../../../lib/alerts/channels/channel-url.ts';
import { PagerDutyChannel } from '../../../lib/alerts/channels/pagerduty-channel.ts';
import { SlackChannel } from '../../../lib/alerts/channels/slack-channel.ts';
import { WebhookChannel } from '../../../lib/alerts/channels/webhook-channel.ts';
import { acknowledgement, anAlert, incident, recovery } from '../../support/alerts.ts';
import { startFakePagerDuty } from '../../support/fake-pagerduty.ts';
import { markupOf, startFakeSlack } from '../../support/fake-slack.ts';
import { startFakeSns } from '../../support/fake-sns.ts';
import { startFakeWebhookReceiver } from '../../support/fake-webhook-receiver.ts';
import { loopbackTls } from '../../support/loopback-tls.ts';
import { type ChannelRig, channelContract } from './channel.ts';

const routingKey = 'R0123456789abcdefR0123456789abcd';
const signingSecret = `whsec_${btoa('a signing secret of 32 bytes, ok')}`;

async function pagerDuty() {
  const service = await startFakePagerDuty(routingKey);
  const channel = new PagerDutyChannel('on-call', loopback(`${service.url}/v2/enqueue`), routingKey);
  const taken = () => service.actions.length + service.dropped.length;
  return { service, channel, taken, secrets: [routingKey] };
}

async function slack() {
  const service = await startFakeSlack();
  const channel = new SlackChannel('chat', loopback(service.webhook));
  return { service, channel, taken: () => service.messages.length, secrets: ['XXXXsecret', '/services'] };
}

async function webhook() {
  const service = await startFakeWebhookReceiver(signingSecret);
  const channel = new WebhookChannel('hook', loopback(service.address), signingSecret);
  const taken = () => service.events.length + service.repeats;
  return { service, channel, taken, secrets: ['secretPathOfTheReceiver', signingSecret] };
}

async function sns() {
  const service = await startFakeSns();
  const credentials = { accessKeyId: 'AKIAFAKEFAKEFAKEFAKE', secretAccessKey: 'fakeSecretAccessKey' };
  const client = createSnsClient({ endpoint: service.url, region: 'eu-west-1', credentials, maxAttempts: 1 });
  const channel = new SnsChannel('mail', client, service.topicArn);
  return { service, channel, taken: () => service.messages.length, secrets: [] };
}

const rigs: readonly [string, () => Promise<ChannelRig>][] = [
  ['PagerDutyChannel', pagerDuty],
  ['SlackChannel', slack],
  ['WebhookChannel', webhook],
  ['SnsChannel', sns],
];
for (const [name, make] of rigs) channelContract(name, make);

describe('PagerDutyChannel', () => {
  it('opens, acknowledges and resolves one alert an incident', async () => {
    await using rig = await opened(pagerDuty);

    await rig.deliver(anAlert());
    expect([...rig.service.alerts]).toMatchObject([
      [
        incident(),
        { status: 'triggered', severity: 'critical', summary: 'P1: No log line of shop for 16 min' },
      ],
    ]);
    await rig.deliver(acknowledgement());
    expect(rig.service.alerts.get(incident())?.status).toBe('acknowledged');
    await rig.deliver(recovery());
    expect(rig.service.alerts.get(incident())?.status).toBe('resolved');
    expect(rig.service.actions).toEqual(['trigger', 'acknowledge', 'resolve']);
  });

  it('is one alert however often it is told, and another for another incident', async () => {
    await using rig = await opened(pagerDuty);

    await rig.deliver(anAlert());
    await rig.deliver(anAlert());
    await rig.deliver(anAlert({ reason: 'reminder' }));
    await rig.deliver(anAlert({ incident: incident('zzzzzz') }));

    expect(rig.service.alerts.size).toBe(2);
    expect(rig.service.alerts.get(incident())?.triggers).toBe(3);
  });

  it('is accepted where there is nothing to resolve, and during maintenance', async () => {
    await using rig = await opened(pagerDuty);

    expect(await rig.deliver(recovery())).toEqual({ outcome: 'accepted' });
    rig.service.maintenance = true;
    expect(await rig.deliver(anAlert())).toEqual({ outcome: 'accepted' });

    expect(rig.service.dropped).toEqual(['resolve', 'trigger']);
    expect(rig.service.alerts.size).toBe(0);
  });

  it.each([
    ['P0', 'critical'],
    ['P1', 'critical'],
    ['P2', 'error'],
    ['P3', 'warning'],
    ['P4', 'info'],
  ] as const)('calls %s %s', async (severity, word) => {
    await using rig = await opened(pagerDuty);

    await rig.deliver(anAlert({ severity }));

    expect(rig.service.alerts.get(incident())?.severity).toBe(word);
  });

  it('says all that a person needs', async () => {
    await using rig = await opened(pagerDuty);

    await rig.deliver(anAlert());

    const event: unknown = JSON.parse(rig.service.requests[0]?.body.toString() ?? '');
    expect(event).toMatchObject({
      client: 'Cistern',
      links: [{ href: 'https://wiki.example.com/cistern/freshness' }],
      payload: {
        source: 'cistern/prod',
        component: 'shop',
        group: 'production',
        class: 'freshness',
        custom_details: {
          Since: '2026-01-31 08:59 UTC',
          'Next command': 'heroku drains --app shop',
          'Last object': expect.stringContaining('logs/shop/2026/01/31/'),
          Contact: '#team-shop',
          Runbook: 'https://wiki.example.com/cistern/freshness',
        },
      },
    });
  });

  it('says that its key is wrong', async () => {
    const service = await startFakePagerDuty(routingKey);
    const wrong = 'W0123456789abcdefR0123456789abcd';
    const channel = new PagerDutyChannel('on-call', loopback(`${service.url}/v2/enqueue`), wrong);

    const delivery = await channel.deliver(anAlert(), AbortSignal.timeout(10_000));
    await service.close();

    expect(delivery).toMatchObject({ outcome: 'rejected', error: expect.stringContaining('routing key') });
    expect(JSON.stringify(delivery)).not.toContain(wrong);
  });
});

describe('SlackChannel', () => {
  it('shows what, since, the next command, whom to ask; and how long it lasted', async () => {
    await using rig = await opened(slack);

    await rig.deliver(anAlert());
    await rig.deliver(recovery());

    const [page, over] = rig.service.messages.map((message) => JSON.stringify(message));
    expect(page).toContain('🔴 P1: No log line of shop for 16 min');
    expect(page).toContain('`heroku drains --app shop`');
    expect(page).toContain('*Since:* 2026-01-31 08:59 UTC');
    expect(page).toContain('*Contact:* #team-shop');
    expect(over).toContain('🟢 P1 resolved: No log line of shop for 16 min');
    expect(over).toContain('*Lasted:* 1 h');
    expect(over).not.toContain('Next command');
  });

  it('calls nobody, links nowhere, whatever a title says', async () => {
    await using rig = await opened(slack);
    const title = '<!channel> <@U012> <https://evil.example|fine> & <!here';

    await rig.deliver(anAlert({ title, remedy: title, command: title, contact: title, subjects: [title] }));

    expect(markupOf(rig.service.requests[0]?.body.toString() ?? '')).toEqual([]);
    expect(rig.service.messages[0]?.text).toContain('&lt;!channel&gt;');
  });

  it.each([
    ['no_service', 'make a new one'],
    ['channel_is_archived', 'archived'],
    ['channel_not_found', 'gone'],
    ['action_prohibited', 'administrators'],
    ['invalid_payload', 'message'],
  ] as const)('explains %s', async (refusal, words) => {
    await using rig = await opened(slack);
    rig.service.refusal = refusal;

    const delivery = await rig.deliver(anAlert());

    expect(delivery).toMatchObject({ outcome: 'rejected', error: expect.stringContaining(words) });
  });

  it('tries again after rollup_error, which is a 500', async () => {
    await using rig = await opened(slack);
    rig.service.refusal = 'rollup_error';

    expect(await rig.deliver(anAlert())).toMatchObject({ outcome: 'retry', busy: false });
  });
});

describe('WebhookChannel', () => {
  it('sends a repeated alert under one id, so that it is received once', async () => {
    await using rig = await opened(webhook);
    rig.service.next({ loseResponse: true });

    expect(await rig.deliver(anAlert())).toMatchObject({ outcome: 'retry', mayHaveArrived: true });
    expect(await rig.deliver(anAlert())).toEqual({ outcome: 'accepted' });

    expect(rig.service.events.map(({ type }) => type)).toEqual(['incident.trigger']);
    expect(rig.service.repeats).toBe(1);
  });

  it('sends different alerts of one incident under different ids', async () => {
    await using rig = await opened(webhook);

    for (const alert of [
      anAlert(),
      anAlert({ reason: 'reminder' }),
      anAlert({ reason: 'reminder', at: anAlert().at + 1 }),
      acknowledgement(),
      recovery(),
      recovery({ reason: 'repeated' }),
    ]) {
      await rig.deliver(alert);
    }

    expect(rig.service.events).toHaveLength(6);
    expect(rig.service.repeats).toBe(0);
  });

  it('is rejected by a receiver with another secret', async () => {
    const service = await startFakeWebhookReceiver(btoa('another signing secret, 32 bytes'));
    const channel = new WebhookChannel('hook', loopback(service.address), signingSecret);

    const delivery = await channel.deliver(anAlert(), AbortSignal.timeout(10_000));
    await service.close();

    expect(delivery).toMatchObject({ outcome: 'rejected', error: expect.stringContaining('signing secret') });
  });

  it('sends nothing to a server whose certificate it can not verify', async () => {
    const service = await startFakeWebhookReceiver(signingSecret, { tls: loopbackTls });
    const channel = new WebhookChannel('hook', loopback(service.address), signingSecret);

    const delivery = await channel.deliver(anAlert(), AbortSignal.timeout(10_000));
    await service.close();

    expect(delivery).toMatchObject({ outcome: 'retry', mayHaveArrived: false });
    expect(service.requests).toEqual([]);
  });
});

describe('SnsChannel', () => {
  it('sends text to people, JSON to machines, and attributes to filter by', async () => {
    await using rig = await opened(sns);

    await rig.deliver(anAlert());

    const [message] = rig.service.messages;
    expect(message?.subject).toBe('Cistern P1: No log line of shop for 16 min');
    expect(message?.message['default']).toContain('Next command: heroku drains --app shop');
    expect(JSON.parse(message?.message['sqs'] ?? '')).toMatchObject({
      incident: incident(),
      kind: 'trigger',
      since: '2026-01-31T08:59:00.000Z',
    });
    expect(message?.attributes).toEqual({
      severity: { type: 'String', value: 'P1' },
      check: { type: 'String', value: 'freshness' },
      app: { type: 'String', value: 'shop' },
      kind: { type: 'String', value: 'trigger' },
      environment: { type: 'String', value: 'production' },
      stage: { type: 'String', value: 'prod' },
    });
  });

  it('names all apps where there are several, and none where there is none', async () => {
    await using rig = await opened(sns);

    await rig.deliver(anAlert({ apps: ['shop', 'blog'] }));
    await rig.deliver(anAlert({ apps: [] }));

    const [several, none] = rig.service.messages;
    expect(several?.attributes['app']).toEqual({ type: 'String.Array', value: '["shop","blog"]' });
    expect(none?.attributes['app']).toBeUndefined();
  });

  it.each([
    [404, 'NotFound', 'rejected'],
    [403, 'AuthorizationError', 'rejected'],
    [400, 'KMSAccessDenied', 'rejected'],
    [403, 'InvalidClientTokenId', 'rejected'],
    [400, 'KMSThrottling', 'retry'],
    [400, 'Throttling', 'retry'],
  ] as const)('takes %i %s as %s', async (status, code, outcome) => {
    await using rig = await opened(sns);
    rig.service.always({ status, code });

    const delivery = await rig.deliver(anAlert());

    expect(delivery).toMatchObject({ outcome, error: expect.stringContaining(code) });
  });
});

describe('an address of a channel', () => {
  it.each(['http://hooks.example.com/x', 'https://user:pw@hooks.example.com/x', 'ftp://x/', 'x', ''])(
    'is not %s',
    (text) => {
      expect(parseChannelUrl(text)).toBeUndefined();
    },
  );

  it('is http only in a test, and only on this machine', () => {
    expect(parseChannelUrl('http://127.0.0.1:1/')).toBeUndefined();
    expect(parseChannelUrl('http://127.0.0.1:1/', { loopbackHttp: true })).toBeDefined();
    expect(parseChannelUrl('http://127.0.0.1.example.com/', { loopbackHttp: true })).toBeUndefined();
  });
});

function loopback(text: string): ChannelUrl {
  const url = parseChannelUrl(text, { loopbackHttp: true });
  if (url === undefined) throw new Error(`no address of this machine: ${text}`);
  return url;
}

async function opened<T extends { channel: Channel; service: { close(): Promise<void> } }>(
  make: () => Promise<T>,
) {
  const rig = await make();
  return {
    ...rig,
    deliver: (alert: Parameters<Channel['deliver']>[0]) =>
      rig.channel.deliver(alert, AbortSignal.timeout(10_000)),
    [Symbol.asyncDispose]: () => rig.service.close(),
  };
}
