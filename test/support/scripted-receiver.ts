import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Reply = (response: ServerResponse) => unknown;

export const ok: Reply = (response) => response.writeHead(200, { 'content-length': 0 }).end();
export const hang: Reply = () => undefined;

export function answer(status: number): Reply {
  return (response) => response.writeHead(status, { 'content-length': 0 }).end();
}

export interface Arrived {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly path: string;
  /** Connections are numbered as they come, from 0. */
  readonly connection: number;
}

/** Answers the fake Logplex as a test has it, and keeps all that arrived. */
export class ScriptedReceiver {
  /** Used up request by request, then `ok`. */
  script: Reply[] = [];
  arrived: Arrived[] = [];
  /** By drain token: how many requests were under way at once. */
  readonly mostAtOnce = new Map<string, number>();
  readonly #underWay = new Map<string, number>();
  readonly #server: Server;

  private constructor() {
    let connections = 0;
    const numbers = new WeakMap<object, number>();
    this.#server = createServer(async (incoming, response) => {
      const { headers, url: path = '' } = incoming;
      this.#count(String(headers['logplex-drain-token'] ?? path), response);
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      const connection = numbers.get(incoming.socket) ?? -1;
      this.arrived.push({ headers, body: Buffer.concat(chunks), path, connection });
      (this.script.shift() ?? ok)(response);
    });
    this.#server.on('connection', (socket) => {
      numbers.set(socket, connections);
      connections += 1;
    });
  }

  static async start(): Promise<ScriptedReceiver> {
    const receiver = new ScriptedReceiver();
    receiver.#server.listen(0, '127.0.0.1');
    await once(receiver.#server, 'listening');
    return receiver;
  }

  drainUrl(secret = 'secret'): URL {
    const { port } = this.#server.address() as AddressInfo;
    return new URL(`http://drain:${secret}@127.0.0.1:${port}/my-app`);
  }

  /** From here on nobody is there. */
  async leave(): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #count(drain: string, response: ServerResponse): void {
    const atOnce = (this.#underWay.get(drain) ?? 0) + 1;
    this.#underWay.set(drain, atOnce);
    this.mostAtOnce.set(drain, Math.max(atOnce, this.mostAtOnce.get(drain) ?? 0));
    response.on('close', () => this.#underWay.set(drain, (this.#underWay.get(drain) ?? 1) - 1));
  }
}
