import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { release } from '../base/release-memory.ts';
import { readBody } from './http-body.ts';
import { type Answer, maxBodyBytes, type Receiver, receive } from './receive.ts';

/** Logplex keeps an idle connection for up to 144 s; closing one first would cost it a batch. */
const keepAliveMs = 150_000;
/** A body that takes longer belongs to a sender that gave up long ago: Logplex waits 5 s. */
const requestTimeoutMs = 60_000;
/** What has not come this long after the order to stop has no sender any more that waits for its answer. */
const drainWithinMs = 6_000;

/**
 * The receiver over plain HTTP. Node never answers for itself here: what it can't parse, what takes too long
 * and what has too large a header ends with a closed connection, since a 4xx would make Logplex drop the batch.
 */
export class ReceiverServer {
  readonly #receiver: Receiver;
  readonly #server: Server;
  /** Every open connection, with its number of requests under way. */
  readonly #connections = new Map<Socket, number>();
  readonly #underWay = new Set<Promise<void>>();
  #draining = false;

  constructor(receiver: Receiver) {
    this.#receiver = receiver;
    const options = {
      keepAliveTimeout: keepAliveMs,
      requestTimeout: requestTimeoutMs,
      headersTimeout: requestTimeoutMs,
      requireHostHeader: false,
    };
    const take = (request: IncomingMessage, response: ServerResponse) => this.#take(request, response);
    this.#server = createServer(options, take).on('checkExpectation', take);
    this.#server.on('connection', (socket) => {
      this.#connections.set(socket, 0);
      socket.once('close', () => this.#connections.delete(socket));
    });
    this.#server.on('clientError', (_error, socket) => socket.destroy());
  }

  /** Listens, and resolves with the port: the one given, or a free one for 0. Rejects when it can't be had. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.removeListener('error', reject);
        const address = this.#server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  /** Takes no more requests, answers those under way, hangs up on what has not come in 6 s, then resolves. */
  async close(): Promise<void> {
    this.#draining = true;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // Node's own closeIdleConnections spares a connection on which nothing has come yet, and a closing server
    // no longer checks any timeout: one such connection would keep it for ever.
    for (const [socket, underWay] of this.#connections) if (underWay === 0) socket.destroy();
    const timer = setTimeout(() => this.#server.closeAllConnections(), drainWithinMs);
    await closed;
    clearTimeout(timer);
    // What was hung up on has still to be counted.
    await Promise.all(this.#underWay);
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    this.#countUnderWay(request.socket, 1);
    response.once('close', () => this.#countUnderWay(request.socket, -1));
    const handled = this.#handle(request, response).finally(() => this.#underWay.delete(handled));
    this.#underWay.add(handled);
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body: Buffer | undefined;
    const answer = await receive(this.#receiver, {
      method: request.method ?? '',
      path: request.url ?? '/',
      headers: request.headers as Record<string, string | undefined>,
      startedAt: Date.now(),
      body: async () => {
        body = await readBody(request, maxBodyBytes);
        return body;
      },
    });
    if (body !== undefined) release(body);
    if (answer.hangUp) request.socket.destroy();
    else this.#answer(answer, response);
  }

  #countUnderWay(socket: Socket, change: 1 | -1): void {
    const underWay = this.#connections.get(socket);
    if (underWay !== undefined) this.#connections.set(socket, underWay + change);
  }

  /** What is left of a body after the answer, Node reads and drops: the sender gets to read why. */
  #answer({ status }: Answer, response: ServerResponse): void {
    if (this.#draining) response.setHeader('Connection', 'close');
    if (status === 401) response.setHeader('WWW-Authenticate', 'Basic realm="cistern"');
    response.writeHead(status, { 'Content-Length': 0 }).end();
  }
}
