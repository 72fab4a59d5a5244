import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundleOf } from '../support/bundle.ts';
import { functionUrlEvent } from '../support/function-url-event.ts';
import {
  dimensionsOf,
  hostFunction,
  markedText,
  newBatch,
  setParameter,
  setSecret,
  withReceiver,
} from '../support/lambda-function.ts';
import { batch, message, overflow } from '../support/messages.ts';
import { basic } from '../support/receiver.ts';
import { readBatch } from '../support/stored-batches.ts';

beforeAll(async () => {
  await bundleOf('receiver');
});

const token = 'd.0b5ff6ad-0000-4000-8000-000000000001';

describe.concurrent('through function-URL events', () => {
  test('a batch is stored whole, answered 200, and counted for stage, app and secret', () =>
    withReceiver(async (receiver, aws) => {
      setParameter(aws, 'drains/listed/0', 'my-app');
      const body = batch(message(`${markedText} é`), Buffer.from([0xff, 0x00, 0x0a]), message('three'));
      const headers = { 'Logplex-Msg-Count': '3', 'Logplex-Drain-Token': token };
      expect(await receiver.invoke({ body, headers })).toBe(200);
      const [[key, object] = ['', Buffer.alloc(0)], ...others] = aws.s3.objects;
      expect(others).toEqual([]);
      const stored = readBatch(key, object);
      expect(stored.raw).toEqual(body);
      expect(stored.header).toMatchObject({ app: 'my-app', claimed: 3, found: 3, token });
      const [sample] = await receiver.samples();
      expect(sample).toMatchObject({
        app: 'my-app',
        batches: 1,
        messages: 3,
        bytes: body.length,
        'stored-bytes': object.length,
        latency: expect.any(Number),
      });
      expect(sample).not.toHaveProperty('unlisted');
      expect(sample && dimensionsOf(sample)).toEqual([
        ['service', 'stage'],
        ['service', 'stage', 'app'],
      ]);
      expect(receiver.emf()[1]).toMatchObject({ secret: 'shared-1', batches: 1 });
      expect(receiver.emf()).toHaveLength(2);
      expect(receiver.logged('ERROR')).toEqual([]);
    }));

  test('bodies come as base64 or as text, with or without gzip, large, or not at all', () =>
    withReceiver(async (receiver, aws) => {
      const text = newBatch();
      const packed = newBatch();
      const large = batch(...Array.from({ length: 5000 }, (_, i) => message(`${i} ${'x'.repeat(800)}`)));
      expect(large.length).toBeGreaterThan(4_000_000);
      const sent = [
        { path: '/as-text', headers: { 'content-type': 'text/plain' }, body: text },
        { path: '/as-gzip', headers: { 'content-encoding': 'gzip' }, body: gzipSync(packed) },
        { path: '/as-large', body: large },
        { path: '/as-nothing', body: Buffer.alloc(0) },
      ];
      for (const request of sent) expect(await receiver.invoke(request)).toBe(200);
      const bodyless = functionUrlEvent({ path: '/no-body', headers: { authorization: goodCredentials } });
      expect(await receiver.invokeWith(bodyless)).toBe(200);
      const raws = new Map(
        [...aws.s3.objects].map(([key, object]) => [key.split('/')[1], gunzipSync(object)]),
      );
      expect(raws.get('as-text')).toEqual(text);
      expect(raws.get('as-gzip')).toEqual(packed);
      expect(raws.get('as-large')?.equals(large)).toBe(true);
      expect(raws.get('as-nothing')).toEqual(Buffer.alloc(0));
      expect(raws.get('no-body')).toEqual(Buffer.alloc(0));
    }));

  test('what is not well formed is stored as it is, and counted', () =>
    withReceiver(async (receiver, aws) => {
      const garbled = Buffer.from(`{"${markedText}": "\\u0000"}`);
      const bomb = gzipSync(Buffer.alloc(17 * 1024 * 1024));
      expect(await receiver.invoke({ body: garbled })).toBe(200);
      expect(await receiver.invoke({ body: bomb, headers: { 'content-encoding': 'gzip' } })).toBe(200);
      expect([...aws.s3.objects.values()].map((object) => gunzipSync(object))).toEqual([garbled, bomb]);
      expect(await receiver.samples(2)).toMatchObject([{ malformed: 1 }, { malformed: 1 }]);
    }));

  test('losses, odd paths, bound secrets and unmapped tokens are counted', () =>
    withReceiver(async (receiver, aws) => {
      setSecret(aws, 'bound-1', 'boundSecret', 'bound-app');
      const bound = { authorization: basic('', 'boundSecret') };
      expect(await receiver.invoke({ body: batch(overflow(41), message('x')) })).toBe(200);
      expect(await receiver.invoke({ path: '/not/an/app', headers: { 'logplex-drain-token': token } })).toBe(
        200,
      );
      expect(await receiver.invoke({ path: '/other-app', headers: bound })).toBe(200);
      expect(await receiver.samples(3)).toMatchObject([
        { app: 'my-app', 'loss-notices': 1, 'messages-lost': 41 },
        { app: 'd-0b5ff6ad', unlisted: 1 },
        { app: 'bound-app', mismatched: 1 },
      ]);
    }));

  test('who has no good credentials gets 401, and nothing is stored', () =>
    withReceiver(async (receiver, aws) => {
      const wrong = basic('drain', 'MarkedWrongSecret');
      expect(await receiver.invoke({ headers: { authorization: wrong } })).toBe(401);
      expect(await receiver.invoke({ headers: { authorization: '' } })).toBe(401);
      const stranger = functionUrlEvent({ method: 'POST', path: '/', body: Buffer.from('hello') });
      expect(await receiver.invokeWith(stranger)).toBe(401);
      expect(aws.s3.requests).toEqual([]);
      const samples = await receiver.samples(3);
      expect(samples).toMatchObject([
        { unauthorised: 1, 'refused-drain-unknown': 1 },
        { unauthorised: 1, 'refused-drain-unknown': 1 },
        { unauthorised: 1 },
      ]);
      expect(samples[2]).not.toHaveProperty('refused-drain-unknown');
      for (const sample of samples) expect(dimensionsOf(sample)).toEqual([['service', 'stage']]);
      expect(JSON.stringify(receiver.emf())).not.toContain('MarkedWrongSecret');
    }));

  test('other methods get 405, and health is well, without a look at anything', () =>
    withReceiver(async (receiver, aws) => {
      const get = (path: string, method = 'GET') => functionUrlEvent({ method, path });
      expect(await receiver.invokeWith(get('/healthz'))).toBe(200);
      expect(await receiver.invokeWith(get('/healthz/', 'HEAD'))).toBe(200);
      expect(await receiver.invokeWith(get('https://example.com/healthz'))).toBe(200);
      expect(await receiver.invokeWith(get('/my-app'))).toBe(405);
      expect(await receiver.invoke({ method: 'PUT' })).toBe(405);
      expect([...aws.ssm.requests, ...aws.s3.requests]).toEqual([]);
      expect(receiver.emf()).toEqual([]);
    }));

  test('a cold start that took seconds still leaves time to store', () =>
    withReceiver(async (receiver, aws) => {
      expect(await receiver.invoke({ timeEpoch: Date.now() - 6_000 })).toBe(200);
      expect(aws.s3.objects.size).toBe(1);
      const [sample] = await receiver.samples();
      expect(sample?.['latency']).toBeGreaterThanOrEqual(6_000);
    }));

  test('two invocations share what the first one fetched', () =>
    withReceiver(async (receiver, aws) => {
      expect(await receiver.invoke()).toBe(200);
      expect(await receiver.invoke()).toBe(200);
      expect(aws.ssm.requests).toHaveLength(1);
      expect(aws.s3.objects.size).toBe(2);
    }));
});

const goodCredentials = basic('drain', 'MarkedSecret0123456789');

test('without its environment it fails at the start, and names every variable that is missing', async () => {
  const child = await hostFunction('receiver', {});
  expect((await child.exited).code).toBe(1);
  expect(child.stderr).toContain('CISTERN_STAGE');
  for (const name of ['CISTERN_BUCKET', 'CISTERN_QUEUE_URL', 'CISTERN_DELIVERY']) {
    expect(child.stderr).toContain(name);
  }
});
