import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type FaultStyle, type MadeUpError, makeUpError } from './fault-proxy-answers.ts';
import {
  Backend,
  forwardable,
  readBody,
  type WholeAnswer,
  type WholeRequest,
} from './fault-proxy-backend.ts';
import { type FaultChances, type FaultKind, faultKinds, isPossible } from './fault-proxy-kinds.ts';
import { Random } from './random.ts';

export interface FaultProxyOptions {
  /** The service, on loopback. */
  readonly target: URL;
  readonly seed: number;
  readonly style: FaultStyle;
  /** In force from the start; none by default. */
  readonly faults?: FaultChances;
  /** Only these requests meet a fault that is not of a connection; all by default. */
  readonly applies?: (request: IncomingMessage) => boolean;
  /** Milliseconds that a slow answer takes, at least and at most. */
  readonly slowMs?: readonly [number, number];
}

export interface FaultProxy {
  readonly url: URL;
  /** Requests that arrived whole. */
  readonly requests: number;
  /** How often each fault was injected. */
  readonly injected: Readonly<Record<FaultKind, number>>;
  /** From now on each request meets these; `{}` is a healthy service. */
  setFaults(faults: FaultChances): void;
  /** From now on every request, and every connection where the fault is `refused`, meets this one. */
  outage(kind: FaultKind): void;
  /** Ends every connection, on both sides. */
  close(): Promise<void>;
}

/** Starts a proxy on a free port of 127.0.0.1. The same seed decides the same faults for the same requests. */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const proxy = new HttpFaultProxy(options);
  await proxy.listen();
  return proxy;
}

class HttpFaultProxy implements FaultProxy {
  readonly #options: FaultProxyOptions;
  readonly #perRequest: Random;
  readonly #perConnection: Random;
  readonly #backend: Backend;
  readonly #closing = new AbortController();
  readonly #server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0 });
  readonly #sockets = new Set<Socket>();
  readonly #injected = noneInjected();
  #faults: FaultChances = {};
  #requests = 0;

  constructor(options: FaultProxyOptions) {
    this.#options = options;
    this.#backend = new Backend(options.target);
    this.#perRequest = new Random(options.seed);
    this.#perConnection = new Random(options.seed + 1);
    this.setFaults(options.faults ?? {});
    this.#server.on('connection', (socket: Socket) => this.#accept(socket));
    this.#server.on('request', (incoming: IncomingMessage, response: ServerResponse) => {
      // A connection that breaks has nobody to be answered to: the other side's is broken too.
      this.#serve(incoming, response).catch(() => incoming.socket.destroy());
    });
  }

  get url(): URL {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen');
    return new URL(`http://127.0.0.1:${address.port}`);
  }

  get requests(): number {
    return this.#requests;
  }

  get injected(): Readonly<Record<FaultKind, number>> {
    return { ...this.#injected };
  }

  setFaults(faults: FaultChances): void {
    const { style } = this.#options;
    if (style !== 's3' && (faults.conflict || faults.precondition)) {
      throw new Error(`409 and 412 are S3's: not for style ${style}`);
    }
    const { refused: _, ...others } = faults;
    const sum = Object.values(others).reduce((total, chance) => total + chance, 0);
    if (sum > 1 + 1e-9) throw new Error(`the chances add up to ${sum}, more than 1`);
    this.#faults = faults;
  }

  outage(kind: FaultKind): void {
    this.setFaults({ [kind]: 1 });
    // Whoever is connected would not notice that nobody can connect any more.
    if (kind === 'refused') for (const socket of this.#sockets) socket.destroy();
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    this.#backend.close();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    if (!this.#perConnection.chance(this.#faults.refused ?? 0)) return;
    this.#injected.refused += 1;
    socket.destroy();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    // Before anything is awaited: the order of requests decides, not how long each takes.
    const kind = this.#chooseFault(incoming);
    const request = { incoming, body: await readBody(incoming) };
    this.#requests += 1;
    if (kind === undefined) return send(response, await this.#backend.forward(request));
    return this.#inject(kind, request, response);
  }

  #chooseFault(incoming: IncomingMessage): FaultKind | undefined {
    let drawn = this.#perRequest.next();
    if (this.#options.applies?.(incoming) === false) return undefined;
    for (const kind of faultKinds) {
      if (kind === 'refused') continue;
      const chance = this.#faults[kind] ?? 0;
      if (drawn < chance) return isPossible(kind, incoming) ? kind : undefined;
      drawn -= chance;
    }
    return undefined;
  }

  async #inject(kind: FaultKind, request: WholeRequest, response: ServerResponse): Promise<void> {
    const { incoming } = request;
    switch (kind) {
      case 'refused':
      case 'reset':
        this.#injected[kind] += 1;
        return void incoming.socket.resetAndDestroy();
      case 'hung':
        this.#injected.hung += 1;
        return;
      case 'error500':
      case 'slowDown':
      case 'conflict':
        return this.#makeUp(kind, response);
      case 'partialRequest':
        this.#injected.partialRequest += 1;
        await this.#backend.forwardHalf(request);
        return void incoming.socket.resetAndDestroy();
      case 'precondition': {
        const answer = await this.#backend.forward(request);
        return isStored(answer) ? this.#makeUp(kind, response) : send(response, answer);
      }
      case 'lostResponse':
        await this.#backend.forward(request);
        this.#injected.lostResponse += 1;
        return void incoming.socket.resetAndDestroy();
      case 'partialResponse':
        return this.#answerHalf(request, await this.#backend.forward(request));
      case 'slow': {
        const [least, most] = this.#options.slowMs ?? [50, 500];
        // A hash of the request's number: a second draw would shift those that follow.
        const ms = new Random(this.#options.seed ^ this.#requests).between(least, most);
        const answer = await this.#backend.forward(request);
        this.#injected.slow += 1;
        await delay(ms, undefined, { signal: this.#closing.signal });
        return send(response, answer);
      }
    }
  }

  #makeUp(kind: MadeUpError, response: ServerResponse): void {
    this.#injected[kind] += 1;
    const { status, contentType, body } = makeUpError(this.#options.style, kind);
    response
      .writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
      .end(body);
  }

  /** At least the first bytes of the head, so that even an empty answer is cut. */
  #answerHalf({ incoming }: WholeRequest, { status, rawHeaders, headers, body }: WholeAnswer): void {
    this.#injected.partialResponse += 1;
    const fields = forwardable(rawHeaders, headers, body.length);
    const lines = Array.from(
      { length: fields.length / 2 },
      (_, i) => `${fields[2 * i]}: ${fields[2 * i + 1]}`,
    );
    const head = `HTTP/1.1 ${status} Partial\r\n${lines.join('\r\n')}\r\n\r\n`;
    const bytes = Buffer.concat([Buffer.from(head, 'latin1'), body]);
    const half = body.length > 0 ? head.length + body.length / 2 : head.length / 2;
    // Ended and not reset: a reset would take away what has been sent.
    incoming.socket.end(bytes.subarray(0, half), () => incoming.socket.destroy());
  }
}

function isStored({ status }: WholeAnswer): boolean {
  return status === 200 || status === 412;
}

function send(response: ServerResponse, { status, rawHeaders, headers, body }: WholeAnswer): void {
  response.writeHead(status, forwardable(rawHeaders, headers, body.length)).end(body);
}

function noneInjected(): Record<FaultKind, number> {
  return {
    refused: 0,
    reset: 0,
    hung: 0,
    error500: 0,
    slowDown: 0,
    conflict: 0,
    precondition: 0,
    lostResponse: 0,
    partialRequest: 0,
    partialResponse: 0,
    slow: 0,
  };
}
