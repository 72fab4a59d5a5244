import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../lib/alerts/channels/channel.ts';
import { brokenChannel } from '../../../lib/alerts/deliver.ts';
import { openChannels } from '../../../lib/alerts/make-channels.ts';
import { judgeSecret, parseSecrets } from '../../../lib/alerts/secrets.ts';
import { alertsConfig } from '../../../lib/config/alert-config.ts';
import { anAlert } from '../../support/alerts.ts';

const routingKey = 'R0123456789abcdefR0123456789abcd';
const secret = btoa('a signing secret of 32 bytes, ok');
const good = {
  'on-call': { routingKey },
  chat: { url: 'https://hooks.slack.com/services/T0/B0/x' },
  hook: { url: 'https://hooks.example.com/x', secret },
};
const config = alertsConfig.parse({
  channels: {
    'on-call': { type: 'pagerduty' },
    chat: { type: 'slack' },
    hook: { type: 'webhook' },
    mail: { type: 'sns' },
  },
});

function open(secrets: unknown, topicArn: string | undefined = 'arn:of:the:stack') {
  const topics: string[] = [];
  const sns = (name: string, arn: string): Channel => {
    topics.push(arn);
    return brokenChannel(name, 'not asked here');
  };
  const text = typeof secrets === 'string' || secrets === undefined ? secrets : JSON.stringify(secrets);
  return { ...openChannels(config, text, { sns, topicArn }), topics };
}

describe('openChannels', () => {
  it('opens every channel of the configuration', () => {
    const { channels, broken, topics } = open(good);

    expect([...channels.keys()]).toEqual(['on-call', 'chat', 'hook', 'mail']);
    expect(broken).toEqual([]);
    expect(topics).toEqual(['arn:of:the:stack']);
  });

  it('takes the topic that a channel names before the stack has one', () => {
    const topicArn = 'arn:aws:sns:eu-central-1:111122223333:own';
    const topics: string[] = [];
    const own = alertsConfig.parse({ channels: { mail: { type: 'sns', topicArn } } });

    openChannels(own, undefined, {
      sns: (name, arn) => {
        topics.push(arn);
        return brokenChannel(name, '');
      },
    });

    expect(topics).toEqual([topicArn]);
  });

  it.each([
    ['on-call', 'a missing one', undefined],
    ['on-call', 'a key of the wrong length', { routingKey: 'tooShortSecret' }],
    ['on-call', 'no object', 'secretText'],
    ['chat', 'an http address', { url: 'http://hooks.slack.com/secretPath' }],
    ['chat', 'no address', { url: 'secretText' }],
    ['chat', 'user and password', { url: 'https://user:secretPw@hooks.slack.com/' }],
    ['hook', 'no signing secret', { url: 'https://hooks.example.com/secretPath' }],
    ['hook', 'a short signing secret', { url: 'https://hooks.example.com/x', secret: btoa('secretShort') }],
    [
      'hook',
      'no base64',
      { url: 'https://hooks.example.com/x', secret: 'secret! not base64 at all, but long' },
    ],
  ])('breaks %s alone for %s, and shows no secret', async (name, _, bad) => {
    const { channels, broken } = open({ ...good, [name]: bad });

    expect(broken.map((each) => each.name)).toEqual([name]);
    expect(JSON.stringify(broken)).not.toMatch(/secret[A-Z!]|tooShort/);
    const delivery = await channels.get(name)?.deliver(anAlert(), AbortSignal.timeout(10_000));
    expect(delivery).toEqual({ outcome: 'rejected', error: broken[0]?.why });
  });

  it.each(['secretText', '[]', '"x"', '{"chat":'])(
    'breaks all but SNS when the parameter is no object: %s',
    (text) => {
      const { broken } = open(text);

      expect(broken.map(({ name }) => name)).toEqual(['on-call', 'chat', 'hook']);
      expect(JSON.stringify(broken)).not.toContain('secretText');
    },
  );

  it('says which command gives a secret that was never given', () => {
    const { broken } = open(undefined);

    expect(broken[0]?.why).toContain('cistern alert set on-call');
  });

  it('breaks an SNS channel that has no topic', () => {
    const { broken } = openChannels(config, JSON.stringify(good), { sns: (name) => brokenChannel(name, '') });

    expect(broken).toMatchObject([{ name: 'mail', why: expect.stringContaining('topicArn') }]);
  });

  it('takes no name for a channel that every object has', () => {
    const tricky = alertsConfig.parse({ channels: { constructor: { type: 'slack' } } });

    const { broken } = openChannels(tricky, '{}', { sns: (name) => brokenChannel(name, '') });

    expect(broken).toMatchObject([{ name: 'constructor', why: expect.stringContaining('no secret') }]);
  });
});

describe('a signing secret', () => {
  it.each([`whsec_${secret}`, secret, btoa('x'.repeat(24)), btoa('x'.repeat(64))])('may be %s', (text) => {
    expect(judgeSecret('webhook', { url: 'https://x.example/', secret: text })).toHaveProperty('secret');
  });

  it.each(['', 'whsec_', btoa('x'.repeat(23)), btoa('x'.repeat(65)), `whsec_whsec_${secret}`])(
    'may not be %j',
    (text) => {
      expect(judgeSecret('webhook', { url: 'https://x.example/', secret: text })).toHaveProperty('why');
    },
  );
});

describe('parseSecrets', () => {
  it('keeps what it does not understand, so that setting one secret loses none', () => {
    expect(parseSecrets('{"a":1,"b":{"c":[]}}')).toEqual(
      new Map<string, unknown>([
        ['a', 1],
        ['b', { c: [] }],
      ]),
    );
  });
});
