import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeAws, startFakeAws } from '../support/fake-aws.ts';
import { type FakeSlack, startFakeSlack } from '../support/fake-slack.ts';
import { type FakeSns, startFakeSns } from '../support/fake-sns.ts';
import { type FakeWebhookReceiver, startFakeWebhookReceiver } from '../support/fake-webhook-receiver.ts';
import { loopbackCertificate, loopbackTls } from '../support/loopback-tls.ts';
import { type Run, type RunOptions, runCli } from '../support/run-cli.ts';

const signingSecret = `whsec_${btoa('a signing secret of 32 bytes, ok')}`;
const routingKey = 'R0123456789abcdefR0123456789abcd';
const configuration = {
  alerts: {
    channels: {
      'on-call': { type: 'pagerduty' },
      chat: { type: 'slack' },
      hook: { type: 'webhook' },
    },
    routes: [
      { severities: ['P1', 'P2'], channels: ['hook'], fallback: ['chat'] },
      { checks: ['freshness'], channels: ['on-call'] },
      { channels: ['chat'] },
    ],
  },
};

describe('cistern alert', () => {
  let data: string;
  let slack: FakeSlack;
  let receiver: FakeWebhookReceiver;
  const alert = (args: readonly string[], options: RunOptions = {}): Promise<Run> =>
    runCli(['alert', ...args, '--data', data, '--config', join(data, 'cistern.json')], {
      ...options,
      env: { NODE_EXTRA_CA_CERTS: loopbackCertificate, ...options.env },
    });
  const stored = async (): Promise<unknown> => {
    const registry: Record<string, string> = JSON.parse(await readFile(join(data, 'registry.json'), 'utf8'));
    return JSON.parse(registry['alerts'] ?? 'null');
  };

  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'cistern-cli-'));
    await writeFile(join(data, 'cistern.json'), JSON.stringify(configuration));
    slack = await startFakeSlack({ tls: loopbackTls });
    receiver = await startFakeWebhookReceiver(signingSecret, { tls: loopbackTls });
  });
  afterEach(async () => {
    await Promise.all([slack.close(), receiver.close(), rm(data, { recursive: true })]);
  });

  it('sets the secrets of channels, and sends a marked test over https through those of a route', async () => {
    expect((await alert(['set', 'chat'], { input: `${slack.webhook}\n` })).code).toBe(0);
    const hook = await alert(['set', 'hook'], { input: `${receiver.address}\n${signingSecret}\n` });
    expect(hook).toMatchObject({ code: 0, stdout: '' });

    const { code, stdout } = await alert(['test', '--route', '1']);

    expect(stdout).toBe('hook (webhook): accepted\nchat (slack): accepted\n');
    expect(code).toBe(0);
    expect(receiver.events).toMatchObject([
      { type: 'incident.trigger', data: { test: true, severity: 'P1' } },
    ]);
    expect(slack.messages[0]?.text).toContain('[TEST] P1');
  });

  it('goes on past a channel that fails, says why, and exits with 1', async () => {
    await alert(['set', 'chat'], { input: slack.webhook });
    await alert(['set', 'hook'], { input: `${receiver.address}\n${signingSecret}` });
    slack.refusal = 'no_service';

    const { code, stdout } = await alert(['test', '--route', '1']);

    expect(code).toBe(1);
    expect(stdout).toContain('hook (webhook): accepted');
    expect(stdout).toMatch(/^chat \(slack\): rejected: .*no_service/m);
    expect(stdout).not.toContain('/services/');
  });

  it('trusts no certificate that nobody vouches for', async () => {
    await alert(['set', 'chat'], { input: slack.webhook });

    const { code, stdout } = await alert(['test', '--route', '3'], { env: { NODE_EXTRA_CA_CERTS: '' } });

    expect(code).toBe(1);
    expect(stdout).toMatch(/^chat \(slack\): not accepted: .*was not reached/);
    expect(slack.requests).toEqual([]);
  });

  it('lists channels and routes, and whether a secret is there, never the secret', async () => {
    await alert(['set', 'chat'], { input: slack.webhook });

    const table = await alert(['list']);
    const json = await alert(['list', '--json']);

    expect(table.stdout).toMatch(/^chat +slack +ready$/m);
    expect(table.stdout).toMatch(/^hook +webhook +broken$/m);
    expect(table.stdout).toMatch(/^1 +P1,P2 +hook +chat$/m);
    expect(table.stderr).toContain('cistern alert set hook');
    expect(JSON.parse(json.stdout)).toMatchObject({
      channels: [{ name: 'on-call' }, { name: 'chat', type: 'slack', problem: null }, { name: 'hook' }],
      routes: [{ number: 1 }, { number: 2, checks: ['freshness'] }, { number: 3 }],
    });
    for (const run of [table, json]) expect(run.stdout + run.stderr).not.toContain('/services/');
  });

  it('merges a secret with the others, those too that it does not understand', async () => {
    await writeFile(join(data, 'registry.json'), JSON.stringify({ alerts: '{"hook":1,"old":{"url":"x"}}' }));

    await alert(['set', 'on-call'], { input: routingKey });

    expect(await stored()).toEqual({ hook: 1, old: { url: 'x' }, 'on-call': { routingKey } });
  });

  it.each([
    ['a channel that is not configured', 'nobody', routingKey, /no channel 'nobody'.*on-call, chat, hook/],
    ['a name that every object has', 'constructor', routingKey, /no channel 'constructor'/],
    ['a key of the wrong length', 'on-call', 'secretKey', /32 letters and digits/],
    ['an http address', 'chat', 'http://hooks.example.com/secretPath', /https address/],
    ['a value too few', 'hook', 'https://hooks.example.com/secretPath', /2 lines on stdin/],
    ['a value too many', 'chat', 'https://a.example/secretPath\nhttps://b.example/', /one line on stdin/],
    ['nothing', 'chat', '', /one line on stdin/],
  ])('refuses %s, shows no secret and stores nothing', async (_, channel, input, words) => {
    await writeFile(join(data, 'registry.json'), JSON.stringify({ alerts: '{"kept":1}' }));

    const { code, stderr } = await alert(['set', channel], { input });

    expect(code).toBe(2);
    expect(stderr).toMatch(words);
    expect(stderr).not.toMatch(/secretPath|secretKey/);
    expect(await stored()).toEqual({ kept: 1 });
  });

  it('does not write over secrets that it can not read', async () => {
    const registry = JSON.stringify({ alerts: 'not JSON' });
    await writeFile(join(data, 'registry.json'), registry);

    const { code, stderr } = await alert(['set', 'on-call'], { input: routingKey });

    expect(code).toBe(2);
    expect(stderr).toContain('not one JSON object');
    expect(await readFile(join(data, 'registry.json'), 'utf8')).toBe(registry);
  });

  it('names the routes that there are, and says that there is nothing to test', async () => {
    expect(await alert(['test', '--route', '4'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there are 1 to 3'),
    });
    await writeFile(join(data, 'cistern.json'), '{}');
    expect(await alert(['test'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('has no channel'),
    });
  });
});

describe('cistern alert --stage', () => {
  let aws: FakeAws;
  let sns: FakeSns;
  const run = (args: readonly string[]): Promise<Run> =>
    runCli(['alert', ...args, '--stage', 'prod'], { env: { ...aws.env(), AWS_ENDPOINT_URL_SNS: sns.url } });

  beforeEach(async () => {
    [aws, sns] = await Promise.all([startFakeAws(), startFakeSns()]);
    const config = JSON.stringify({ stage: 'prod', alerts: { channels: { mail: { type: 'sns' } } } });
    const parts = { '0': config.slice(0, 20), '1': config.slice(20) };
    for (const [part, value] of Object.entries(parts)) {
      aws.ssm.parameters.set(`/cistern/prod/config/${part}`, { value, type: 'String' });
    }
  });
  afterEach(() => Promise.all([aws.close(), sns.close()]));

  it("takes the stage's configuration and topic", async () => {
    aws.ssm.parameters.set('/cistern/prod/alerts_topic', { value: sns.topicArn, type: 'String' });

    expect(await run(['test'])).toMatchObject({ code: 0, stdout: 'mail (sns): accepted\n' });

    expect(sns.messages[0]?.subject).toMatch(/^Cistern \[TEST\] P1/);
    expect(sns.messages[0]?.attributes['stage']?.value).toBe('prod');
  });

  it('says that the stage has no topic', async () => {
    expect(await run(['test'])).toMatchObject({ code: 1, stdout: expect.stringContaining('has no topic') });
  });

  it('has no secret to set for a topic', async () => {
    expect(await run(['set', 'mail'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('SNS topic'),
    });
  });
});
