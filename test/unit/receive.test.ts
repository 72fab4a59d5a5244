import { createHash, randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { parseKey } from '../../lib/archive/key.ts';
import { walkMembers } from '../../lib/archive/member.ts';
import { StoreError } from '../../lib/archive/store.ts';
import { hashSecret } from '../../lib/drains/credentials.ts';
import { formatSecret } from '../../lib/drains/registry.ts';
import { BodyError } from '../../lib/receiver/errors.ts';
import { maxBodyBytes } from '../../lib/receiver/receive.ts';
import { batch, lossNotice, message, overflow } from '../support/messages.ts';
import {
  basic,
  boundApp,
  boundSecret,
  mappedApp,
  mappedToken,
  ReceiverHarness,
  sharedSecret,
  unmappedToken,
} from '../support/receiver.ts';

let receiver: ReceiverHarness;
beforeEach(() => {
  receiver = new ReceiverHarness();
});

/** The only object stored: its key, what it inflates to, and its batch header. */
function stored() {
  expect([...receiver.store.objects.keys()]).toHaveLength(1);
  const [[key, object] = ['', Buffer.alloc(0)]] = receiver.store.objects;
  const [member] = [...walkMembers(object)];
  return {
    key,
    app: parseKey(key)?.app,
    raw: gunzipSync(object),
    header: JSON.parse(String(member?.headerJson)) as Record<string, unknown>,
  };
}

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
      uuid: parseKey(stored().key)?.uuid,
      app: 'my-app',
      token: unmappedToken,
      frame: '0123456789abcdef0123456789abcdef',
      request: 'request-1',
      claimed: 3,
      found: 3,
      received: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      first: new Date(at).toISOString(),
      last: new Date(at + 1000).toISOString(),
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
      payload: createHash('sha256').update(payload).digest('hex'),
      losses: { L10: 3 },
    });
    expect(parseKey(stored().key)?.epochMs).toBe(at);
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

  test.each([
    ['over a day behind', Date.now() - 25 * 3600 * 1000],
    ['over five minutes ahead', Date.now() + 6 * 60 * 1000],
  ])('whose first message is %s is named by its receipt', async (_, at) => {
    const before = Date.now();
    await receiver.post(batch(message('x', at)));
    const epoch = parseKey(stored().key)?.epochMs ?? 0;
    expect(epoch).toBeGreaterThanOrEqual(before);
    expect(epoch).toBeLessThanOrEqual(Date.now());
  });
});

describe('a batch that is not well formed is stored verbatim, answered 200 and counted', () => {
  test.each([
    ['an empty body', Buffer.alloc(0), {}, 'empty body'],
    ['a garbled body', Buffer.from('{"json": true}'), {}, 'no length'],
    ['a body cut short', hello.subarray(0, -3), {}, 'frame cut short'],
    ['a count that differs', hello, { 'logplex-msg-count': '2' }, '2 messages claimed, 1 found'],
    ['two faults', Buffer.from('x'), { 'logplex-msg-count': '1' }, 'no length; 1 messages claimed, 0 found'],
    ['an unknown encoding', hello, { 'content-encoding': 'br' }, 'content encoding br'],
    ['gzip that is none', hello, { 'content-encoding': 'gzip' }, 'content encoding gzip: bad gzip'],
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

  test.each([
    ['a bomb', gzipSync(Buffer.alloc(maxBodyBytes + 1)), 'over the cap'],
    ['bytes after the gzip', Buffer.concat([gzipSync(hello), Buffer.alloc(8)]), 'bytes after gzip'],
    ['gzip cut short', gzipSync(hello).subarray(0, -4), 'bad gzip'],
  ])('stays where undoing it would lose something: %s', async (_, body, why) => {
    expect(await receiver.post(body, { 'content-encoding': 'gzip' })).toEqual({ status: 200 });
    expect(stored().raw).toEqual(body);
    expect(stored().header['malformed']).toContain(`content encoding gzip: ${why}`);
  });
});

describe('which app', () => {
  const token = { 'logplex-drain-token': unmappedToken };
  test.each([
    ['the path names it', '/my-app', {}, 'my-app', undefined],
    ['with a slash behind it', '/my-app/', {}, 'my-app', undefined],
    ['with a query behind it', '/my-app?x=1', {}, 'my-app', undefined],
    [
      'the token names it before the path does',
      '/other',
      { 'logplex-drain-token': mappedToken },
      mappedApp,
      '/other',
    ],
    ['the token, where the path names nothing', '/', { 'logplex-drain-token': mappedToken }, mappedApp, '/'],
    ['an unmapped token stands in for a bad path', '/Not_An_App', token, 'd-1a2b3c4d', '/Not_An_App'],
    ['a path of two parts is none', '/my-app/logs', token, 'd-1a2b3c4d', '/my-app/logs'],
    ['a reserved name is not for senders', '/unknown', token, 'd-1a2b3c4d', '/unknown'],
    ['nor is another drain’s', '/d-00000000', token, 'd-1a2b3c4d', '/d-00000000'],
    ['nothing at all', '/', {}, 'unknown', '/'],
    ['a path out of the archive', '/../../etc', {}, 'unknown', '/../../etc'],
  ])('%s', async (_, path, headers, app, oddPath) => {
    expect(await receiver.post(hello, headers as Record<string, string>, { path })).toEqual({ status: 200 });
    expect(stored().app).toBe(app);
    expect(stored().header['path']).toBe(oddPath);
  });

  test('a bound secret beats token and path, and the mismatch is counted', async () => {
    const headers = { authorization: basic('drain', boundSecret), 'logplex-drain-token': mappedToken };
    expect(await receiver.post(hello, headers, { path: '/my-app' })).toEqual({ status: 200 });
    expect(stored().app).toBe(boundApp);
    expect(stored().header['path']).toBe('/my-app');
    expect(receiver.counters.total('mismatched')).toBe(1);
  });

  test.each(['/', '/bound-app'])('a bound secret does not mismatch the path %s', async (path) => {
    await receiver.post(hello, { authorization: basic('drain', boundSecret) }, { path });
    expect(stored().app).toBe(boundApp);
    expect(receiver.counters.total('mismatched')).toBe(0);
  });

  test('an app that nobody listed is stored, and counted', async () => {
    await receiver.post(hello, {}, { path: '/a-typo' });
    expect(stored().app).toBe('a-typo');
    expect(receiver.counters.total('unlisted')).toBe(1);
  });

  test.each(['/my-app', '/bound-app', '/mapped-app'])('%s is listed', async (path) => {
    await receiver.post(hello, {}, { path });
    expect(receiver.counters.total('unlisted')).toBe(0);
  });
});

describe('credentials', () => {
  test.each([
    ['as the user name, with an empty password', basic(sharedSecret, '')],
    ['as the password', basic('', sharedSecret)],
    ['as the password beside a user name', basic('drain', sharedSecret)],
    ['in a scheme of other case', basic('', sharedSecret).replace('Basic', 'basic')],
  ])('may come %s', async (_, authorization) => {
    expect(await receiver.post(hello, { authorization })).toEqual({ status: 200 });
  });

  test.each([
    ['none', ''],
    ['a wrong secret', basic('drain', 'wrong')],
    ['the secret with something behind it', basic('drain', `${sharedSecret}x`)],
    ['the hash of the secret', basic('drain', hashSecret(sharedSecret).toString('hex'))],
    ['a bearer token', `Bearer ${sharedSecret}`],
    ['no base64', 'Basic ???'],
    ['empty fields', basic('', '')],
  ])('that are no good get 401: %s', async (_, authorization) => {
    const body = vi.fn(async () => hello);
    expect(await receiver.post(body, { authorization })).toEqual({ status: 401 });
    expect(body, 'the body of a stranger is not read').not.toHaveBeenCalled();
    expect(receiver.store.objects.size).toBe(0);
    expect(receiver.counters.total('unauthorised')).toBe(1);
  });

  test.each([
    ['a mapped token', { 'logplex-drain-token': mappedToken }, 1, 0],
    ['an unmapped token', { 'logplex-drain-token': unmappedToken }, 0, 1],
    ['the content type of Logplex alone', {}, 0, 1],
    ['nothing of Logplex', { 'content-type': 'text/plain' }, 0, 0],
  ])('refused with %s count what Heroku drops', async (_, headers, known, unknown) => {
    await receiver.post(hello, { authorization: basic('drain', 'wrong'), ...headers });
    expect(receiver.counters.total('refused-drain-known')).toBe(known);
    expect(receiver.counters.total('refused-drain-unknown')).toBe(unknown);
  });

  test('added a moment ago are good at once', async () => {
    await receiver.post(hello);
    const added = 'addedJustNow123';
    receiver.parameters.values.set('drains/secrets/new', formatSecret({ sha256: hashSecret(added) }));
    receiver.now += 5_001;
    expect(await receiver.post(hello, { authorization: basic('', added) })).toEqual({ status: 200 });
  });

  test('retired a minute ago are good no more', async () => {
    await receiver.post(hello);
    receiver.parameters.values.delete('drains/secrets/shared-1');
    receiver.now += 60_001;
    expect(await receiver.post(hello)).toEqual({ status: 401 });
  });

  test('that can’t be judged get 503, and a count that pages', async () => {
    receiver.parameters.fail = new Error('SSM is down');
    expect(await receiver.post(hello)).toEqual({ status: 503 });
    expect(receiver.counters.samples).toEqual([{ counts: { 'registry-unavailable': 1 } }]);
    expect(receiver.parameters.lists, 'it was tried again inside the request').toBeGreaterThan(1);
  });

  test('that are known stay good while the parameters can’t be read; unknown ones are not refused', async () => {
    await receiver.post(hello);
    receiver.parameters.fail = new Error('SSM is down');
    receiver.now += 3600_000;
    expect(await receiver.post(batch(message('later')))).toEqual({ status: 200 });
    expect(await receiver.post(hello, { authorization: basic('', 'unknown') })).toEqual({ status: 503 });
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
  test('GET /healthz is answered without credentials', async () => {
    const answer = await receiver.post(hello, { authorization: '' }, { method: 'GET', path: '/healthz' });
    expect(answer).toEqual({ status: 200 });
    expect(receiver.store.objects.size).toBe(0);
  });

  test.each(['GET', 'PUT', 'HEAD', 'DELETE', ''])('%j is not for us', async (method) => {
    expect(await receiver.post(hello, {}, { method })).toEqual({ status: 405 });
    expect(receiver.counters.samples).toEqual([]);
  });
});

describe('a store that fails', () => {
  test.each([
    ['is unavailable', new StoreError('unavailable', '500')],
    ['is throttling', new StoreError('throttled', '503')],
    ['has another write to the key', new StoreError('conflict', '409')],
  ])('and %s is tried again inside the request', async (_, failure) => {
    receiver.store.script.push(failure, failure);
    expect(await receiver.post(hello)).toEqual({ status: 200 });
    expect(receiver.store.attempts).toBe(3);
    expect(stored().raw).toEqual(hello);
    expect(receiver.counters.total('batches')).toBe(1);
  });

  test('to answer is given up on, and tried again', async () => {
    receiver.store.script.push('hang');
    expect(await receiver.post(hello)).toEqual({ status: 200 });
    expect(receiver.store.attempts).toBe(2);
  });

  test('to say that it stored is asked again: what it then has is our own, and no duplicate', async () => {
    receiver.store.script.push('store, then lose the answer');
    expect(await receiver.post(hello)).toEqual({ status: 200 });
    expect(receiver.counters.total('batches')).toBe(1);
    expect(receiver.counters.total('duplicates')).toBe(0);
  });

  test('for good gets 503 and counts as undelivered', async () => {
    receiver.store.script.push(...Array(20).fill(new StoreError('refused', 'no such bucket')));
    expect(await receiver.post(hello, {}, { startedAt: Date.now() - 3_500 })).toEqual({ status: 503 });
    expect(receiver.counters.samples).toEqual([{ app: 'my-app', counts: { undelivered: 1 } }]);
    expect(receiver.store.objects.size).toBe(0);
  });

  test('all the time gets 503 before the sender gives up', async () => {
    receiver.store.script.push(...Array<'hang'>(20).fill('hang'));
    const giveUp = new Promise((resolve) => setTimeout(resolve, 4_000, 'no answer within 4 s'));
    expect(await Promise.race([receiver.post(hello), giveUp])).toEqual({ status: 503 });
  });

  test('gets a chance also when a cold start has used the time up', async () => {
    const create = receiver.store.create.bind(receiver.store);
    receiver.store.create = async (...given) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return create(...given);
    };
    expect(await receiver.post(hello, {}, { startedAt: Date.now() - 6_000 })).toEqual({ status: 200 });
  });

  test('in a way nobody thought of gets 503', async () => {
    receiver.store.create = () => Promise.reject(new TypeError('a bug'));
    expect(await receiver.post(hello, {}, { startedAt: Date.now() - 3_900 })).toEqual({ status: 503 });
    expect(receiver.counters.total('undelivered')).toBe(1);
  });
});

describe('the memory of a large member', () => {
  const large = batch(message(randomBytes(200_000).toString('hex')));
  /** A store that keeps what it is given, and lets its first attempts hang. */
  function keepingStore(releasable: boolean, hanging: number) {
    const given: Buffer[] = [];
    const create = async (_key: string, member: Buffer): Promise<'created'> => {
      given.push(member);
      return given.length > hanging ? 'created' : new Promise(() => undefined);
    };
    return { given, store: { create, ...(releasable ? { releasable } : {}) } };
  }

  test.each([
    ['is given back when the store is done with it', true, 0, 1],
    ['is kept while the store may still be sending', false, 0, 0],
    ['is kept while an attempt that was given up may still be reading', true, 1, 0],
  ])('%s', async (_, releasable, hanging, givenBack) => {
    const { given, store } = keepingStore(releasable, hanging);
    Object.assign(receiver, { store });
    expect(await receiver.post(large)).toEqual({ status: 200 });
    expect(given).toHaveLength(hanging + 1);
    expect(given.filter(({ length }) => length === 0)).toHaveLength(givenBack);
    expect(receiver.counters.total('stored-bytes')).toBeGreaterThan(100_000);
  });
});

test('a bad parameter takes nobody else down', async () => {
  receiver.parameters.values.set('drains/secrets/broken', 'not a hash');
  receiver.parameters.values.set('drains/tokens/broken', 'my-app');
  receiver.parameters.values.set('drains/listed/broken', 'NOT AN APP,other-app');
  expect(await receiver.post(hello)).toEqual({ status: 200 });
});

test('while the parameter of a secret is damaged nobody is refused: it may be theirs', async () => {
  receiver.parameters.values.set('drains/secrets/broken', 'not a hash');
  expect(await receiver.post(hello, { authorization: basic('', 'whose') })).toEqual({ status: 503 });
  expect(receiver.counters.total('registry-unavailable')).toBe(1);
});

test('counters that fail change no answer', async () => {
  receiver.counters.record = () => {
    throw new Error('no counting today');
  };
  expect(await receiver.post(hello)).toEqual({ status: 200 });
  expect(stored().raw).toEqual(hello);
});
