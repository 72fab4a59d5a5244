import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { basic, sharedSecret } from '../support/receiver.ts';
import { type BenchBatch, routerBatch } from './router-lines.ts';

const batchesPerConnection = 4;

/** A request as it goes over the wire, with a place in its body that makes every one distinct. */
interface Request {
  readonly bytes: Buffer;
  readonly mark: number;
}

let sent = 0;

/**
 * Keep-alive connections that post batches as fast as they are answered. A request is bytes made beforehand, of
 * which one request id is overwritten each time: the load costs next to nothing, and the same for any server.
 */
export class Load {
  readonly #connections: readonly Connection[];

  private constructor(connections: readonly Connection[]) {
    this.#connections = connections;
  }

  static async connect(port: number, connections: number, messages: number): Promise<Load> {
    const opened = Array.from({ length: connections }, async (_, c) => {
      const requests = Array.from({ length: batchesPerConnection }, (_, i) =>
        makeRequest(routerBatch(messages, c * batchesPerConnection + i, Date.now())),
      );
      const socket = connect(port, '127.0.0.1').setNoDelay();
      await once(socket, 'connect');
      return new Connection(socket, requests);
    });
    return new Load(await Promise.all(opened));
  }

  /** Posts for `ms` milliseconds, then waits for what is under way; returns the requests per second. */
  async run(ms: number): Promise<number> {
    const start = performance.now();
    const answered = await this.#postWhile(() => performance.now() < start + ms);
    return answered / ((performance.now() - start) / 1000);
  }

  /** Posts so many batches in all, each to be answered. */
  async post(count: number): Promise<void> {
    let left = count - this.#connections.length;
    await this.#postWhile(() => {
      left -= 1;
      return left >= 0;
    });
  }

  async #postWhile(more: () => boolean): Promise<number> {
    const counts = await Promise.all(this.#connections.map((connection) => connection.postWhile(more)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }
}

class Connection {
  readonly #socket: Socket;
  readonly #requests: readonly Request[];
  #received = '';
  #next = 0;
  #answered: () => void = () => undefined;
  #failed: (error: Error) => void = () => undefined;

  constructor(socket: Socket, requests: readonly Request[]) {
    this.#socket = socket.setEncoding('latin1');
    this.#requests = requests;
    socket.on('data', (text: string) => this.#read(text));
    socket.on('error', (error) => this.#failed(error));
    socket.on('close', () => this.#failed(new Error('the server closed the connection')));
  }

  /** One at least, and another one after an answer while there is to be `more`. */
  postWhile(more: () => boolean): Promise<number> {
    return new Promise((resolve, reject) => {
      let count = 0;
      this.#failed = reject;
      this.#answered = () => {
        count += 1;
        if (more()) this.#post();
        else resolve(count);
      };
      this.#post();
    });
  }

  close(): void {
    this.#failed = () => undefined;
    this.#socket.destroy();
  }

  #post(): void {
    const request = this.#requests[this.#next % this.#requests.length];
    if (request === undefined) return;
    this.#next += 1;
    sent += 1;
    request.bytes.write(sent.toString(16).padStart(8, '0'), request.mark, 'latin1');
    this.#socket.write(request.bytes);
  }

  #read(text: string): void {
    this.#received += text;
    if (!this.#received.endsWith('\r\n\r\n')) return;
    const answer = this.#received;
    this.#received = '';
    if (answer.startsWith('HTTP/1.1 200 ')) this.#answered();
    else this.#failed(new Error(`the server answered ${answer.slice(0, 12)}`));
  }
}

function makeRequest({ body, messages }: BenchBatch): Request {
  const head = requestHead(body.length, messages);
  const bytes = Buffer.concat([Buffer.from(head, 'latin1'), body]);
  return { bytes, mark: bytes.indexOf('request_id=') + 'request_id='.length };
}

/** Request line and headers as Logplex sends them. */
export function requestHead(bytes: number, messages: number): string {
  const lines = [
    'POST /my-app HTTP/1.1',
    'Host: 127.0.0.1',
    `Authorization: ${basic('drain', sharedSecret)}`,
    'Content-Type: application/logplex-1',
    `Logplex-Msg-Count: ${messages}`,
    'Logplex-Frame-Id: 0123456789ABCDEF0123456789ABCDEF',
    'Logplex-Drain-Token: d.0b5ff6ad-0000-4000-8000-000000000001',
    'User-Agent: Logplex/v77',
    `Content-Length: ${bytes}`,
  ];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
