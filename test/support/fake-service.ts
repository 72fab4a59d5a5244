import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { setTimeout as wait } from 'node:timers/promises';

/** What goes wrong with one request. Without `on`, with the next one of any kind. */
export type Fault<Operation extends string> = { readonly on?: Operation } & (
  | {
      /** Answered instead of being carried out. */
      readonly status: number;
      /** The service's error code; left out, the body is no error of the service's: what a broken proxy sends. */
      readonly code?: string;
    }
  /** Never answered, not carried out. */
  | { readonly hang: true }
  /** The connection is reset before anything is carried out. */
  | { readonly reset: true }
  /** Carried out, then the connection is reset instead of an answer. */
  | { readonly loseResponse: true }
  /** Carried out, and the answer stops in the middle of its body. */
  | { readonly cutResponse: true }
  /** Carried out and answered after so many milliseconds. */
  | { readonly delay: number }
);

/** One request as it arrived. */
export interface FakeRequest<Operation extends string> {
  readonly operation: Operation;
  /** The object's key, or the parameter's name or path. */
  readonly key: string;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface FakeAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** What a fake service adds to the plumbing of {@link startFakeService}. */
export interface Behaviour<Operation extends string> {
  /** Names a request; undefined for one that the fake does not know. */
  identify(
    request: Omit<FakeRequest<Operation>, 'operation' | 'key'>,
  ): { operation: Operation; key: string } | undefined;
  /** Carries a request out, at once and as a whole. */
  perform(request: FakeRequest<Operation>): FakeAnswer;
  error(status: number, code: string | undefined, message: string): FakeAnswer;
}

export interface FakeService<Operation extends string> {
  readonly url: string;
  /** Every request that arrived whole, in order, the failed ones too. */
  readonly requests: readonly FakeRequest<Operation>[];
  /** Resolves when so many requests have arrived in all. */
  arrived(count: number): Promise<void>;
  /** Queues faults: each hits one request, in order. */
  next(...faults: readonly Fault<Operation>[]): void;
  /** Every request meets this fault from now on, after the queued ones; undefined for none. */
  always(fault: Fault<Operation> | undefined): void;
  close(): Promise<void>;
}

export interface ServiceOptions {
  /** Serves https with this key and certificate. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
}

/** Serves a fake on a free port of 127.0.0.1. */
export async function startFakeService<Operation extends string>(
  behaviour: Behaviour<Operation>,
  { tls }: ServiceOptions = {},
): Promise<FakeService<Operation>> {
  const requests: FakeRequest<Operation>[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const queued: Fault<Operation>[] = [];
  let standing: Fault<Operation> | undefined;
  const closing = new AbortController();

  function takeFault(operation: Operation): Fault<Operation> | undefined {
    const applies = (fault: Fault<Operation>) => fault.on === undefined || fault.on === operation;
    const index = queued.findIndex(applies);
    if (index !== -1) return queued.splice(index, 1)[0];
    return standing !== undefined && applies(standing) ? standing : undefined;
  }

  async function serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(incoming.url ?? '/', 'http://fake');
    const arrived = {
      method: incoming.method ?? '',
      path: pathname,
      query: searchParams,
      headers: incoming.headers,
      body: await readBody(incoming),
    };
    const identity = behaviour.identify(arrived);
    if (identity === undefined) {
      const what = `${arrived.method} ${incoming.url} is nothing that this fake knows`;
      return send(response, behaviour.error(501, 'NotImplemented', what));
    }
    const request = { ...arrived, ...identity };
    requests.push(request);
    for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
    const fault = takeFault(request.operation);
    if (fault === undefined) return send(response, behaviour.perform(request));
    if ('hang' in fault) return;
    if ('reset' in fault) return void incoming.socket.resetAndDestroy();
    if ('status' in fault)
      return send(response, behaviour.error(fault.status, fault.code, 'as the test asked'));
    if ('delay' in fault) {
      await wait(fault.delay, undefined, { signal: closing.signal });
      return send(response, behaviour.perform(request));
    }
    const answer = behaviour.perform(request);
    if ('loseResponse' in fault) return void incoming.socket.resetAndDestroy();
    const body = Buffer.from(answer.body ?? '');
    response.writeHead(answer.status, { ...answer.headers, 'content-length': body.length });
    response.write(body.subarray(0, body.length / 2), () => incoming.socket.resetAndDestroy());
  }

  const listen = (incoming: IncomingMessage, response: ServerResponse): void => {
    // A request that breaks off, or outlives the fake, has nobody to be answered to.
    serve(incoming, response).catch(() => incoming.socket.destroy());
  };
  const server = tls === undefined ? createServer(listen) : createSecureServer(tls, listen);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');

  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    requests,
    arrived: (count) =>
      new Promise((resolve) => {
        if (requests.length >= count) resolve();
        else waiting.push({ count, resolve });
      }),
    next: (...faults) => void queued.push(...faults),
    always: (fault) => {
      standing = fault;
    },
    close: async () => {
      closing.abort();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, headers, body }: FakeAnswer): void {
  response.writeHead(status, headers).end(body);
}
