import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchHead } from '../support/batch-head.ts';
import { batch, message } from '../support/messages.ts';
import { post } from '../support/post.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { type ServeProcess, startServe } from '../support/serve-process.ts';
import { storedBatches } from '../support/stored-batches.ts';

const hello = batch(message('hello'));
const slow = batch(...Array.from({ length: 45 }, (_, i) => message(`slow ${i}`)));

let serve: ServeProcess;
/** The same with timeouts of less than a second: see test/support/short-timeouts.ts. */
let hasty: ServeProcess;
beforeAll(async () => {
  [serve, hasty] = await Promise.all([
    startServe(),
    startServe({ preload: ['test/support/short-timeouts.ts'] }),
  ]);
});
afterAll(async () => {
  await Promise.all([serve.stop(), hasty.stop()]);
});

describe.concurrent('what takes its time', () => {
  test('a body that trickles in for longer than Logplex waits is stored all the same', async () => {
    const connection = await RawConnection.open(serve.url);
    await connection.write(batchHead(serve.secret, 'slow', `Content-Length: ${slow.length}\r\n`));
    const piece = Math.ceil(slow.length / 52);
    for (let at = 0; at < slow.length; at += piece) {
      await connection.write(slow.subarray(at, at + piece));
      await wait(100);
    }
    expect((await connection.answer()).status).toBe(200);
    expect(storedBatches(serve.data, 'slow').map(({ raw }) => raw)).toEqual([slow]);
    connection.socket.destroy();
  });

  // Node would close it after 5 s. To wait for the whole 150 s is not for every run of the tests.
  test('an idle connection stays open', async () => {
    const connection = await RawConnection.open(serve.url);
    const request = `${batchHead(serve.secret, 'idle', `Content-Length: ${hello.length}\r\n`)}${hello}`;
    await connection.write(request);
    expect((await connection.answer()).headers.get('keep-alive')).toBe('timeout=150');
    await wait(6_500);
    await connection.write(request);
    expect((await connection.answer()).status).toBe(200);
    connection.socket.destroy();
  });

  test.each([
    ['no request at all', ''],
    ['half a request line', 'POST /my'],
    ['half a head', 'POST /my-app HTTP/1.1\r\nHost: x\r\n'],
  ])('%s ends with a closed connection, and no 408', async (_, bytes) => {
    const connection = await RawConnection.open(hasty.url);
    await connection.write(bytes);
    await connection.closed;
    expect(connection.unread).toBe('');
  });

  test('half a body ends so too, and is counted', async () => {
    const connection = await RawConnection.open(hasty.url);
    await connection.write(`${batchHead(hasty.secret, 'half', 'Content-Length: 100\r\n')}half`);
    await connection.closed;
    expect(connection.unread).toBe('');
    expect((await hasty.counted('half'))[0]).toMatchObject({ aborted: 1 });
    expect(storedBatches(hasty.data, 'half')).toEqual([]);
    expect((await post(hasty.url, hello, { secret: hasty.secret })).status).toBe(200);
  });

  /** A server of its own, with an upload that stands still in the middle. */
  async function stalled() {
    const own = await startServe();
    const connection = await RawConnection.open(own.url);
    await connection.write(`${batchHead(own.secret, 'stalled', 'Content-Length: 100\r\n')}half`);
    // Its answer shows that the bytes before it have been read.
    expect((await post(own.url, hello, { secret: own.secret })).status).toBe(200);
    return { own, connection };
  }

  test('an upload that stands still does not keep a server that is to stop', async () => {
    const { own, connection } = await stalled();
    expect(await own.stop()).toEqual({ code: 0, signal: null });
    await connection.closed;
    expect(connection.unread).toBe('');
    expect((await own.counted('stalled'))[0]).toMatchObject({ aborted: 1 });
  });

  test('a second signal ends it at once', async () => {
    const { own } = await stalled();
    own.child.process.kill('SIGINT');
    // At first it could be the same key press, passed on by npm.
    await wait(1_200);
    expect(await own.stop('SIGINT')).toEqual({ code: 130, signal: null });
  });
});
