import { createHash } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test } from 'vitest';
import { BodyError } from '../../../lib/receiver/errors.ts';
import { maxBodyBytes } from '../../../lib/receiver/receive.ts';
import { batch, lossNotice, message, overflow } from '../../support/messages.ts';
import { ReceiverHarness, unmappedToken } from '../../support/receiver.ts';
import { onlyBatch } from '../../support/stored-batches.ts';

let receiver: ReceiverHarness;
beforeEach(() => {
  receiver = new ReceiverHarness();
});
const stored = () => onlyBatch(receiver.store.objects);
const hello = batch(message('hello'));

describe('a good batch', () => {
  test('is stored as it is, under the app of its path, and answered 200', async () => {
    const body = batch(message('one'), message('two\nlines'), Buffer.from([0xff, 0x00, 0x0a]));
    expect(await receiver.post(body, { 'logplex-msg-count': '3' })).toEqual({ status: 200 });
    expect(stored().raw).toEqual(body);
    expect(stored().app).toBe('my-app');
    expect(receiver.counters.samples).toEqual([
      {
        app: 'my-app',
        secretId: 'shared-1',
        counts: {
          batches: 1,
          messages: 3,
          bytes: body.length,
          'stored-bytes': receiver.store.objects.get(stored().key)?.length,
          latency: expect.any(Number),
        },
      },
    ]);
  });

  test('says in its header who sent what', async () => {
    const at = Date.now() - 5000;
    const body = batch(overflow(3, at - 60_000), message('first', at), message('last', at + 1000));
    await receiver.post(body, {
      'logplex-msg-count': '3',
      'logplex-frame-id': '0123456789abcdef0123456789abcdef',
      'logplex-drain-token': unmappedToken,
      'x-request-id': 'request-1',
    });
    const payload = batch(message('first', at), message('last', at + 1000));
    expect(stored().header).toEqual({
      v: 1,
      uuid: stored().uuid,
      app: 'my-app',
      token: unmappedToken,
      frame: '0123456789abcdef0123456789abcdef',
      request: 'request-1',
      claimed: 3,
      found: 3,
      received: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      from: new Date(at).toISOString(),
      to: new Date(at + 1000).toISOString(),
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
      payload: createHash('sha256').update(payload).digest('hex'),
      losses: { L10: 3 },
    });
    expect(stored().epochMs).toBe(at + 1000);
  });

  test('needs no header but credentials', async () => {
    const answer = await receiver.post(hello, { 'content-type': '' });
    expect(answer).toEqual({ status: 200 });
    expect(stored().raw).toEqual(hello);
    expect(receiver.counters.total('malformed')).toBe(0);
  });

  test('that comes again stores nothing new and counts as a duplicate only', async () => {
    await receiver.post(hello, { 'logplex-frame-id': 'f1' });
    expect(await receiver.post(hello, { 'logplex-frame-id': 'f1' })).toEqual({ status: 200 });
    expect(stored().raw).toEqual(hello);
    expect(receiver.counters.total('batches')).toBe(1);
    expect(receiver.counters.total('messages')).toBe(1);
    expect(receiver.counters.total('duplicates')).toBe(1);
  });

  test('with losses counts every message that Heroku lost', async () => {
    await receiver.post(
      batch(overflow(40), overflow(2), message('x'), lossNotice('Error L13: 5 messages lost since y')),
    );
    expect(receiver.counters.total('messages-lost')).toBe(47);
    expect(receiver.counters.total('loss-notices')).toBe(3);
    expect(stored().header['losses']).toEqual({ L10: 42, L13: 5 });
  });

  test('that begins with a straggler is named by its latest message, and says how far back it reaches', async () => {
    const at = Date.now() - 1000;
    await receiver.post(batch(message('straggler', at - 2 * 3600 * 1000), message('current', at)));
    expect(stored().epochMs).toBe(at);
    // 10 min x 2^4 is the first to cover 2 hours.
    expect(stored().uuid[15]).toBe('4');
  });

  test('with losses of a tail session or another drain counts them apart', async () => {
    const other = unmappedToken.replace('1a', '2a');
    await receiver.post(
      batch(
        lossNotice('Error L11 (tail buffer overflow): 1101 messages dropped since x.'),
        lossNotice(`drain '${other}' dropped 12 messages since x.`),
        lossNotice(`drain '${unmappedToken}' dropped 7 messages since x.`),
        message('x'),
      ),
      { 'logplex-drain-token': unmappedToken },
    );
    expect(receiver.counters.total('messages-lost')).toBe(7);
    expect(receiver.counters.total('messages-lost-elsewhere')).toBe(1113);
    expect(receiver.counters.total('loss-notices')).toBe(3);
    expect(stored().header).toMatchObject({ losses: { L10: 7 }, lostElsewhere: { L11: 1101, L10: 12 } });
  });

  test('with losses of a tail session alone declares none', async () => {
    await receiver.post(batch(lossNotice('Error L11 (tail buffer overflow): 9 messages dropped since x.')));
    expect(receiver.counters.total('messages-lost')).toBe(0);
    expect(stored().header).not.toHaveProperty('losses');
    expect(stored().header).toMatchObject({ lostElsewhere: { L11: 9 } });
  });

  test.each([
    ['over a day behind', Date.now() - 25 * 3600 * 1000],
    ['over five minutes ahead', Date.now() + 6 * 60 * 1000],
  ])('whose only message is %s is named by its receipt', async (_, at) => {
    const before = Date.now();
    await receiver.post(batch(message('x', at)));
    const epoch = stored().epochMs;
    expect(epoch).toBeGreaterThanOrEqual(before);
    expect(epoch).toBeLessThanOrEqual(Date.now());
  });
});

describe('a batch that is not well formed is stored verbatim, answered 200 and counted', () => {
  const brotli = brotliCompressSync(hello);
  test.each([
    ['an empty body', Buffer.alloc(0), {}, 'empty body'],
    ['a garbled body', Buffer.from('{"json": true}'), {}, 'no length'],
    ['a body cut short', hello.subarray(0, -3), {}, 'frame cut short'],
    ['a count that differs', hello, { 'logplex-msg-count': '2' }, '2 messages claimed, 1 found'],
    ['two faults', Buffer.from('x'), { 'logplex-msg-count': '1' }, 'no length; 1 messages claimed, 0 found'],
    ['an unknown encoding', brotli, { 'content-encoding': 'br' }, 'content encoding br'],
    ['gzip that is none', Buffer.from('x'), { 'content-encoding': 'gzip' }, 'gzip: bad gzip'],
    ['deflate that is none', Buffer.from('x'), { 'content-encoding': 'deflate' }, 'deflate: bad deflate'],
  ])('%s', async (_, body, headers, why) => {
    expect(await receiver.post(body, headers as Record<string, string>)).toEqual({ status: 200 });
    expect(stored().raw).toEqual(body);
    expect(stored().header['malformed']).toContain(why);
    expect(receiver.counters.total('malformed')).toBe(1);
    expect(receiver.counters.total('batches')).toBe(1);
  });
});

describe('Content-Encoding: gzip', () => {
  test('is undone', async () => {
    const body = batch(message('a'), message('b'));
    await receiver.post(gzipSync(body), { 'content-encoding': 'gzip', 'logplex-msg-count': '2' });
    expect(stored().raw).toEqual(body);
    expect(receiver.counters.total('inflated')).toBe(1);
    expect(receiver.counters.total('malformed')).toBe(0);
  });

  test('is undone of lines without frames too, whose loss notice counts', async () => {
    const lines = Buffer.concat([overflow(7), Buffer.from('\n'), message('a')]);
    await receiver.post(gzipSync(lines), { 'content-encoding': 'gzip' });
    expect(stored().raw).toEqual(lines);
    expect(receiver.counters.total('inflated')).toBe(1);
    expect(receiver.counters.total('malformed')).toBe(1);
    expect(receiver.counters.total('messages-lost')).toBe(7);
  });

  test.each([
    ['a bomb', gzipSync(Buffer.alloc(maxBodyBytes + 1)), 'over the cap'],
    ['bytes behind the gzip', Buffer.concat([gzipSync(hello), Buffer.from('JUNK')]), 'bad gzip'],
    ['bytes behind its padding', Buffer.concat([gzipSync(hello), Buffer.from('\0JUNK')]), 'bytes after gzip'],
    ['gzip cut short', gzipSync(hello).subarray(0, -4), 'bad gzip'],
  ])('stays where undoing it would lose something: %s', async (_, body, why) => {
    expect(await receiver.post(body, { 'content-encoding': 'gzip' })).toEqual({ status: 200 });
    expect(stored().raw).toEqual(body);
    expect(stored().header['malformed']).toContain(`content encoding gzip: ${why}`);
  });
});

describe('a body that does not arrive', () => {
  test('stores nothing, and hangs up', async () => {
    const answer = await receiver.post(() => Promise.reject(new BodyError('aborted')));
    expect(answer.hangUp).toBe(true);
    expect(receiver.store.objects.size).toBe(0);
    expect(receiver.counters.total('aborted')).toBe(1);
  });

  test('because it is too large gets 413', async () => {
    expect(await receiver.post(() => Promise.reject(new BodyError('too large')))).toEqual({ status: 413 });
    expect(receiver.counters.total('too-large')).toBe(1);
  });
});

describe('other methods', () => {
  const health = [
    '/healthz',
    '/healthz/',
    '//healthz',
    '/HealthZ',
    '/healthz?a=b',
    'http://x.example/healthz',
  ];
  const asked = health.flatMap((path) => ['GET', 'HEAD'].map((method) => ({ method, path })));
  test.each(asked)('$method $path is answered without credentials', async (request) => {
    expect(await receiver.post(hello, { authorization: '' }, request)).toEqual({ status: 200 });
    expect(receiver.store.objects.size).toBe(0);
  });

  test.each(['/', '/healthz/x', '/my-app/healthz', '*'])('HEAD %s is not for us', async (path) => {
    expect(await receiver.post(hello, {}, { method: 'HEAD', path })).toEqual({ status: 405 });
  });

  test.each(['GET', 'PUT', 'HEAD', 'DELETE', ''])('%j is not for us', async (method) => {
    expect(await receiver.post(hello, {}, { method })).toEqual({ status: 405 });
    expect(receiver.counters.samples).toEqual([]);
  });
});

test('counters that fail change no answer', async () => {
  receiver.counters.record = () => {
    throw new Error('no counting today');
  };
  expect(await receiver.post(hello)).toEqual({ status: 200 });
  expect(stored().raw).toEqual(hello);
});
