import { beforeEach, describe, expect, test, vi } from 'vitest';
import { hashSecret } from '../../../lib/drains/credentials.ts';
import { formatSecret } from '../../../lib/drains/registry.ts';
import { batch, message } from '../../support/messages.ts';
import { basic, mappedToken, ReceiverHarness, sharedSecret, unmappedToken } from '../../support/receiver.ts';

let receiver: ReceiverHarness;
beforeEach(() => {
  receiver = new ReceiverHarness();
});

const hello = batch(message('hello'));

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
