import { beforeEach, describe, expect, test } from 'vitest';
import { batch, message } from '../../support/messages.ts';
import {
  basic,
  boundApp,
  boundSecret,
  mappedApp,
  mappedToken,
  ReceiverHarness,
  unmappedToken,
} from '../../support/receiver.ts';
import { onlyBatch } from '../../support/stored-batches.ts';

let receiver: ReceiverHarness;
beforeEach(() => {
  receiver = new ReceiverHarness();
});
const stored = () => onlyBatch(receiver.store.objects);
const hello = batch(message('hello'));

describe('which app', () => {
  const token = { 'logplex-drain-token': unmappedToken };
  test.each([
    ['the path names it', '/my-app', {}, 'my-app', undefined],
    ['with a slash behind it', '/my-app/', {}, 'my-app', undefined],
    ['with a query behind it', '/my-app?x=1', {}, 'my-app', undefined],
    ['as a whole URL', 'https://logs.example.com/my-app', {}, 'my-app', undefined],
    [
      'as a whole URL with a port, slash and query',
      'HTTP://[::1]:8080/my-app/?x=/y',
      {},
      'my-app',
      undefined,
    ],
    ['behind an authority', '//logs.example.com/my-app', {}, 'my-app', undefined],
    ['behind several slashes', '///my-app//', {}, 'my-app', undefined],
    ['percent-encoded', '/my%2Dapp', {}, 'my-app', undefined],
    ['in capitals', '/My-App', {}, 'my-app', undefined],
    ['no secret of a URL is kept', 'http://drain:secret@example.com/a/b?secret', {}, 'unknown', '/a/b'],
    ['a prefix is not guessed away', '/drains/my-app', {}, 'unknown', '/drains/my-app'],
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

  test.each(['/', '/bound-app', '//', 'http://example.com', 'http://example.com/Bound-App/'])(
    'a bound secret does not mismatch the path %s',
    async (path) => {
      await receiver.post(hello, { authorization: basic('drain', boundSecret) }, { path });
      expect(stored().app).toBe(boundApp);
      expect(receiver.counters.total('mismatched')).toBe(0);
    },
  );

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
