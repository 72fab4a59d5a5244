import { Agent, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';

/** A request that has arrived, with its whole body. */
export interface WholeRequest {
  readonly incoming: IncomingMessage;
  readonly body: Buffer;
}

export interface WholeAnswer {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** The proxy's side towards the service. */
export class Backend {
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #closing = new AbortController();

  constructor(target: URL) {
    this.#target = target;
  }

  /** The service's whole answer, even when the client has gone. Rejects when there is none. */
  forward({ incoming, body }: WholeRequest): Promise<WholeAnswer> {
    return new Promise((resolve, reject) => {
      const outgoing = this.#open(incoming, body.length);
      outgoing.on('error', reject);
      outgoing.on('response', (answer) => {
        readBody(answer).then((answerBody) => {
          const { statusCode: status = 0, rawHeaders, headers } = answer;
          resolve({ status, rawHeaders, headers, body: answerBody });
        }, reject);
      });
      outgoing.end(body);
    });
  }

  /** The service gets the head and half of the body, then its connection breaks. Never rejects. */
  forwardHalf({ incoming, body }: WholeRequest): Promise<void> {
    return new Promise((resolve) => {
      const outgoing = this.#open(incoming, body.length);
      outgoing.on('error', () => undefined);
      outgoing.on('close', resolve);
      outgoing.write(body.subarray(0, body.length / 2), () => outgoing.destroy());
    });
  }

  close(): void {
    this.#closing.abort();
    this.#agent.destroy();
  }

  #open(incoming: IncomingMessage, bodyLength: number): ReturnType<typeof request> {
    return request({
      host: this.#target.hostname,
      port: this.#target.port,
      method: incoming.method,
      path: incoming.url,
      agent: this.#agent,
      signal: this.#closing.signal,
      // As they came, the host among them: a service may check a signature by it, or name itself so.
      headers: forwardable(incoming.rawHeaders, incoming.headers, bodyLength),
    });
  }
}

const hopByHop = new Set(['connection', 'keep-alive', 'expect', 'transfer-encoding', 'content-length']);

/** Raw headers without those of one connection. A body without a length stays one. */
export function forwardable(
  raw: readonly string[],
  headers: IncomingHttpHeaders,
  bodyLength: number,
): string[] {
  const kept = raw.flatMap((name, i) =>
    i % 2 === 0 && !hopByHop.has(name.toLowerCase()) ? [name, raw[i + 1] ?? ''] : [],
  );
  if (headers['transfer-encoding'] !== undefined) return [...kept, 'Transfer-Encoding', 'chunked'];
  // What says a length keeps it, also where no body follows: the answer to a HEAD.
  const length = headers['content-length'] ?? (bodyLength > 0 ? String(bodyLength) : undefined);
  return length === undefined ? kept : [...kept, 'Content-Length', length];
}

/** Rejects when the message breaks off. */
export async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}
