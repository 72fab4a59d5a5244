import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { batchHead } from '../support/batch-head.ts';
import { batch, message } from '../support/messages.ts';
import { post } from '../support/post.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { basic } from '../support/receiver.ts';
import { type ServeProcess, startServe } from '../support/serve-process.ts';
import { storedBatches } from '../support/stored-batches.ts';

let serve: ServeProcess;
beforeAll(async () => {
  serve = await startServe();
});
afterAll(async () => {
  await serve.stop();
});

const hello = batch(message('hello'));
const length = `Content-Length: ${hello.length}\r\n`;

function head(app: string, fields: string): string {
  return batchHead(serve.secret, app, fields);
}

describe('Node would answer 400 or 431, and Logplex drop the batch: here the connection closes', () => {
  test.each([
    ['a request line that is none', () => 'hello\r\n\r\n'],
    ['a version that is none', () => 'POST / HTTP/9.9\r\n\r\n'],
    ['a path with a space in it', () => head('my app', length) + hello],
    ['a method that is none', () => head('x', length).replace('POST', 'POSTED') + hello],
    ['HTTP/2', () => 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', () => Buffer.from('16030100f8010000f40303', 'hex')],
    ['a header without a name', () => head('x', `${length}: x\r\n`) + hello],
    ['a header with a control character', () => head('x', `${length}X: a\0b\r\n`) + hello],
    ['headers of more than 16 KB', () => head('x', `${length}X: ${'x'.repeat(17_000)}\r\n`) + hello],
    ['many headers of more than 16 KB', () => head('x', length + 'X: 0123456789\r\n'.repeat(1200)) + hello],
    ['a path of more than 16 KB', () => head('x'.repeat(17_000), length) + hello],
    ['both lengths', () => head('x', `${length}Transfer-Encoding: chunked\r\n`) + hello],
    ['two lengths that differ', () => head('x', `${length}Content-Length: 1\r\n`) + hello],
    ['a length that is none', () => head('x', 'Content-Length: ten\r\n') + hello],
    ['a length below zero', () => head('x', 'Content-Length: -1\r\n') + hello],
    ['a length beyond all numbers', () => head('x', `Content-Length: ${'9'.repeat(30)}\r\n`) + hello],
    ['an unknown transfer encoding', () => head('x', 'Transfer-Encoding: gzip\r\n') + hello],
    ['CONNECT', () => 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\n'],
  ])('%s', async (_, bytes) => {
    const connection = await RawConnection.open(serve.url);
    await connection.write(bytes());
    await connection.closed;
    expect(connection.unread).toBe('');
    expect((await post(serve.url, hello, { secret: serve.secret, path: '/after' })).status).toBe(200);
  });

  test('none of it is stored', () => {
    expect(storedBatches(serve.data).filter(({ app }) => app !== 'after')).toEqual([]);
  });

  test('what came before it is answered', async () => {
    const connection = await RawConnection.open(serve.url);
    await connection.write(head('before', length) + hello);
    expect((await connection.answer()).status).toBe(200);
    await connection.write('nonsense\r\n\r\n');
    await connection.closed;
    expect(connection.unread).toBe('');
  });
});

describe('Node would refuse or do otherwise: here the batch is stored', () => {
  test.each([
    ['without a Host', 'no-host', () => head('no-host', length).replace('Host: x\r\n', '')],
    ['over HTTP/1.0', 'http-1-0', () => head('http-1-0', length).replace('HTTP/1.1', 'HTTP/1.0')],
    [
      'with an expectation nobody knows',
      'expect',
      () => head('expect', `${length}Expect: the-unexpected\r\n`),
    ],
    [
      'that would rather speak another protocol',
      'upgrade',
      () =>
        head(
          'upgrade',
          `${length}Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n`,
        ),
    ],
    [
      'with almost 16 KB of headers',
      'large-head',
      () => head('large-head', `${length}X: ${'x'.repeat(15_000)}\r\n`),
    ],
    ['with 500 headers', 'many-headers', () => head('many-headers', length + 'X: y\r\n'.repeat(500))],
    ['with a header in Latin-1', 'latin-1', () => head('latin-1', `${length}User-Agent: caf\xe9\r\n`)],
    ['with a name twice', 'twice', () => head('twice', `${length}Content-Type: a\r\nContent-Type: b\r\n`)],
  ])('%s', async (_, app, requestHead) => {
    const connection = await RawConnection.open(serve.url);
    await connection.write(Buffer.concat([Buffer.from(requestHead(), 'latin1'), hello]));
    expect((await connection.answer()).status).toBe(200);
    expect(storedBatches(serve.data, app).map(({ raw }) => raw)).toEqual([hello]);
    connection.socket.destroy();
  });

  test('for a whole URL, under the app in it, without the secret in it', async () => {
    const connection = await RawConnection.open(serve.url);
    const token = 'Logplex-Drain-Token: d.1a2b3c4d-0000-4000-8000-000000000002\r\n';
    const requestHead = (target: string) => head('x', length + token).replace('/x ', `${target} `);
    await connection.write(requestHead(`http://drain:${serve.secret}@example.com/whole-url?x`) + hello);
    expect((await connection.answer()).status).toBe(200);
    expect(storedBatches(serve.data, 'whole-url').map(({ raw }) => raw)).toEqual([hello]);
    await connection.write(requestHead(`http://drain:${serve.secret}@example.com/two/names`) + hello);
    expect((await connection.answer()).status).toBe(200);
    const [odd] = storedBatches(serve.data, 'd-1a2b3c4d');
    expect(odd?.header['path']).toBe('/two/names');
    connection.socket.destroy();
  });

  test('that asks before it sends', async () => {
    const connection = await RawConnection.open(serve.url);
    await connection.write(head('ask-first', `${length}Expect: 100-continue\r\n`));
    expect((await connection.answer()).status).toBe(100);
    await connection.write(hello);
    expect((await connection.answer()).status).toBe(200);
    expect(storedBatches(serve.data, 'ask-first')).toHaveLength(1);
    connection.socket.destroy();
  });

  test('on a path full of odd characters, which the batch header keeps', async () => {
    const path = `/%2e%2e/..;x=1/${'é'.repeat(300)}`;
    const connection = await RawConnection.open(serve.url);
    const authorization = `Authorization: ${basic('', serve.secret)}\r\n`;
    const requestHead = `POST ${encodeURI(path)}?q=1 HTTP/1.1\r\n${authorization}${length}\r\n`;
    await connection.write(requestHead + hello);
    expect((await connection.answer()).status).toBe(200);
    const [stored] = storedBatches(serve.data, 'unknown');
    expect(stored?.raw).toEqual(hello);
    expect(stored?.header['path']).toMatch(/^\/%252e%252e\/\.\.;x=1\/%C3%A9/);
    const [counted] = await serve.counters(({ app, unlisted }) => app === 'unknown' && unlisted === 1);
    expect(counted).toMatchObject({ batches: 1, 'headers-truncated': 1 });
    connection.socket.destroy();
  });
});
