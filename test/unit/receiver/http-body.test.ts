import { once } from 'node:events';
import { createServer, type IncomingMessage, request as send } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BodyError } from '../../../lib/receiver/errors.ts';
import { readBody } from '../../../lib/receiver/http-body.ts';

const server = createServer();
let port: number;
beforeEach(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.removeAllListeners('request');
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

async function nextRequest(): Promise<IncomingMessage> {
  const [request] = (await once(server, 'request')) as [IncomingMessage];
  return request;
}

/** Posts the pieces without a declared length. */
function postChunked(...pieces: readonly Buffer[]): void {
  const request = send({ port, method: 'POST' });
  request.on('error', () => {});
  for (const piece of pieces) request.write(piece);
  request.end();
}

test.each([
  [
    'with a declared length',
    (body: Buffer) =>
      send({ port, method: 'POST' })
        .on('error', () => {})
        .end(body),
  ],
  ['in chunks', (body: Buffer) => postChunked(body.subarray(0, 5), body.subarray(5))],
])('a body %s arrives whole', async (_, post) => {
  const body = Buffer.from('a body of 23 bytes long');
  post(body);
  expect(await readBody(await nextRequest(), body.length)).toEqual(body);
});

test.each([
  [
    'by its declared length',
    (body: Buffer) =>
      send({ port, method: 'POST' })
        .on('error', () => {})
        .end(body),
  ],
  ['as it comes', (body: Buffer) => postChunked(body, body)],
])('a body that is too large is known %s', async (_, post) => {
  post(Buffer.alloc(30));
  await expect(readBody(await nextRequest(), 29)).rejects.toEqual(new BodyError('too large'));
});

test.each(['Content-Length: 10', 'Transfer-Encoding: chunked'])(
  'a body that breaks off is aborted: %s',
  async (header) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(`POST / HTTP/1.1\r\n${header}\r\nHost: x\r\n\r\n5\r\n`);
    const body = readBody(await nextRequest(), 100);
    socket.destroy();
    await expect(body).rejects.toMatchObject({ code: 'aborted' });
  },
);

test('a body that broke off before anybody read it is aborted too', async () => {
  const socket = connect(port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nContent-Length: 10\r\nHost: x\r\n\r\nhalf');
  const request = await nextRequest();
  const closed = new Promise((resolve) => request.on('close', resolve));
  socket.destroy();
  await closed;
  await expect(readBody(request, 100)).rejects.toMatchObject({ code: 'aborted' });
});
