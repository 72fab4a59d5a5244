import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Heroku } from '../../../lib/watch/checks/drain/heroku.ts';
import { HerokuError } from '../../../lib/watch/checks/drain/heroku-api.ts';
import { type FakeHeroku, startFakeHeroku } from '../../support/fake-heroku.ts';

let fake: FakeHeroku;

beforeEach(async () => {
  fake = await startFakeHeroku();
  fake.addApp('shop');
});
afterEach(() => fake.close());

function heroku(token = fake.token, timeoutMs = 5_000): Heroku {
  return new Heroku(token, { origin: fake.url, allowHttp: true, timeoutMs });
}

async function failureOf(attempt: Promise<unknown>): Promise<HerokuError> {
  const error = await attempt.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof HerokuError) return error;
  throw new Error('did not fail with a HerokuError', { cause: error });
}

it('reads an app and its space', async () => {
  fake.addApp('inside', { space: 'my-space' });

  expect(await heroku().app('shop')).toEqual({ name: 'shop' });
  expect(await heroku().app('inside')).toEqual({ name: 'inside', space: 'my-space', shield: false });
  expect(await heroku().app('nobodys')).toBeUndefined();
});

it('keeps no connection, which may be dead when the function wakes up minutes later', async () => {
  await heroku().app('shop');

  expect(fake.requests[0]?.headers.connection).toBe('close');
});

it.each([1, 2, 5])('reads every drain, over pages of %i', async (pageSize) => {
  fake.pageSize = pageSize;
  const tokens = ['a', 'b', 'c', 'd', 'e'].map((name) =>
    fake.addDrain('shop', `https://${name}.example.com`),
  );
  fake.addDrain('shop', 'syslog+tls://logs.example.com:1234', { addon: 'papertrail-1' });

  const drains = await heroku().drains('shop');

  expect(
    drains
      .filter(({ addon }) => !addon)
      .map(({ token }) => token)
      .toSorted(),
  ).toEqual(tokens.toSorted());
  expect(drains.filter(({ addon }) => addon).map(({ url }) => url)).toEqual([
    'syslog+tls://logs.example.com:1234',
  ]);
  expect(fake.requests).toHaveLength(Math.ceil(6 / pageSize));
});

it('gives up a list without end', async () => {
  fake.pageSize = 1;
  for (let index = 0; index < 25; index += 1) fake.addDrain('shop', `https://example.com/${index}`);

  expect(await failureOf(heroku().drains('shop'))).toMatchObject({ code: 'unavailable' });
});

it("reads a space's drain", async () => {
  fake.setSpaceDrain('my-space', 'https://example.com/');

  expect(await heroku().spaceDrain('my-space')).toMatchObject({ url: 'https://example.com/', addon: false });
  expect(await heroku().spaceDrain('another')).toBeUndefined();
});

describe('a failure', () => {
  it('says that the token is wrong, without it', async () => {
    const error = await failureOf(heroku('HRKU-wrong').app('shop'));

    expect(error.code).toBe('unauthorised');
    expect(String(error)).not.toContain('HRKU');
  });

  it.each(['HRKU-a\nb', 'HRKU-ü'])('says that %j can be no token, and asks nobody', async (token) => {
    const error = await failureOf(heroku(token).app('shop'));

    expect(error.code).toBe('unauthorised');
    expect(String(error)).not.toContain('HRKU');
    expect(fake.requests).toEqual([]);
  });

  it('says that the app may not be seen', async () => {
    fake.addApp('secret', { forbidden: true });

    expect(await failureOf(heroku().app('secret'))).toMatchObject({ code: 'forbidden' });
  });

  it('says that Heroku wants fewer requests', async () => {
    fake.next({ status: 429, code: 'rate_limit' });

    const error = await failureOf(heroku().app('shop'));

    expect(error.code).toBe('limited');
    expect(error.message).toContain('left: 0');
  });

  it.each([
    [{ status: 503, code: 'unavailable' }],
    // A page that some proxy made: not the API's word on the app.
    [{ status: 404 }],
    [{ status: 200 }],
    [{ reset: true }],
    [{ cutResponse: true }],
  ] as const)('is Heroku not answering as it should: %o', async (fault) => {
    fake.next(fault);

    expect(await failureOf(heroku().app('shop'))).toMatchObject({ code: 'unavailable' });
  });

  it('is no answer in time', async () => {
    fake.next({ hang: true });

    const error = await failureOf(heroku(fake.token, 50).app('shop'));

    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('within 0.05 s') });
  });

  it('comes at once when the run is over', async () => {
    fake.always({ hang: true });

    expect(await failureOf(heroku().app('shop', AbortSignal.abort()))).toMatchObject({ code: 'unavailable' });
  });

  it('is an answer without end', async () => {
    fake.addDrain('shop', `https://example.com/${'x'.repeat(3 * 1024 * 1024)}`);

    expect(await failureOf(heroku().drains('shop'))).toMatchObject({ code: 'unavailable' });
  });
});

it('sends the token nowhere else', async () => {
  const other = await startFakeHeroku();
  try {
    other.addApp('shop');
    const server = createServer((_, response) => {
      response.writeHead(302, { location: `${other.url}/apps/shop` }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const client = new Heroku(other.token, { origin: `http://127.0.0.1:${port}`, allowHttp: true });

    expect(await failureOf(client.app('shop'))).toMatchObject({ code: 'unavailable' });
    expect(other.requests).toEqual([]);
    server.close();
  } finally {
    await other.close();
  }
});

it('is not sent in the clear', () => {
  expect(() => new Heroku('token', { origin: 'http://api.heroku.com' })).toThrow(RangeError);
});
