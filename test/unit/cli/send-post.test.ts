import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Outcome, Poster } from '../../../cli/send/post.ts';
import { sendUrlArgument } from '../../../cli/send/url.ts';

const batch = { frameId: '0'.repeat(32), body: Buffer.from('1 x'), messages: 1 };

/** A server at the level of bytes: what a receiver that misbehaves sends. */
describe('Poster', () => {
  let server: Server;
  let sockets: Socket[];
  let requests: number;
  let reply: (socket: Socket) => void;

  beforeEach(async () => {
    sockets = [];
    requests = 0;
    server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        if (!bytes.includes('POST ')) return;
        requests += 1;
        reply(socket);
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  async function post(timing = { connect: 5_000, request: 5_000, waits: [0, 0] }): Promise<Outcome> {
    const { port } = server.address() as AddressInfo;
    const to = sendUrlArgument(`http://drain:secret@127.0.0.1:${port}/my-app`);
    const poster = new Poster({ to, token: undefined, connections: 1, userAgent: 'Logplex/test', timing });
    try {
      return await poster.post(batch);
    } finally {
      poster.close();
    }
  }

  it('gives up on a receiver that does not answer, after three tries', async () => {
    reply = () => undefined;

    expect(await post({ connect: 5_000, request: 60, waits: [0, 0] })).toEqual({
      result: 'undelivered',
      tries: 3,
      reason: 'no answer within 0.06 s',
    });
    expect(sockets).toHaveLength(3);
  });

  it('gives up on an answer that does not end', async () => {
    reply = (socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');

    expect(await post({ connect: 5_000, request: 60, waits: [] })).toMatchObject({
      result: 'undelivered',
      tries: 1,
    });
  });

  it('counts an answer that breaks off as none', async () => {
    reply = (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf');

    expect(await post()).toMatchObject({ result: 'undelivered', tries: 3 });
  });

  it('counts what is not HTTP as no answer', async () => {
    reply = (socket) => socket.end('220 mail.example.com ESMTP\r\n');

    expect(await post()).toMatchObject({ result: 'undelivered', tries: 3 });
  });

  it('takes an answer with a body, and uses the connection again', async () => {
    reply = (socket) =>
      socket.write(
        requests === 1
          ? 'HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy'
          : 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n',
      );

    expect(await post()).toMatchObject({ result: 'acknowledged', tries: 2 });
    expect(sockets).toHaveLength(1);
  });

  it('gives a connection that does not come about less time than the request', async () => {
    const { port } = server.address() as AddressInfo;
    // A receiver that never answers the TLS handshake.
    const to = sendUrlArgument(`https://drain:secret@127.0.0.1:${port}/my-app`);
    const timing = { connect: 60, request: 60_000, waits: [] };
    const poster = new Poster({ to, token: undefined, connections: 1, userAgent: 'Logplex/test', timing });

    const outcome = await poster.post(batch);
    poster.close();

    expect(outcome).toEqual({ result: 'undelivered', tries: 1, reason: 'no connection within 0.06 s' });
  });
});
