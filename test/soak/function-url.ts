import { createServer, type IncomingMessage, type Server } from 'node:http';
import * as z from 'zod';
import { readBody } from '../support/fault-proxy-backend.ts';
import { functionUrlEvent } from '../support/function-url-event.ts';
import { type Environments, ThrottledError } from './environments.ts';

const answer = z.object({ statusCode: z.number(), body: z.literal('') });

/** A function URL on 127.0.0.1 in front of a function: 429 when it is throttled, 502 when it crashes. */
export class FunctionUrl {
  readonly #environments: Environments;
  readonly #server: Server;

  constructor(environments: Environments) {
    this.#environments = environments;
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (incoming, response) => {
      this.#handle(incoming).then(
        (status) => response.writeHead(status, { 'content-length': 0 }).end(),
        // The body broke off: nobody waits.
        () => incoming.socket.destroy(),
      );
    });
  }

  async listen(): Promise<URL> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return new URL(`http://127.0.0.1:${address.port}`);
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #handle(incoming: IncomingMessage): Promise<number> {
    const { clockMs, skippedMs } = this.#environments;
    const timeEpoch = Date.now() + clockMs + skippedMs;
    const { method = 'POST', url: path = '/' } = incoming;
    const body = await readBody(incoming);
    const headers = Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
    );
    try {
      const event = functionUrlEvent({ method, path, headers, body, timeEpoch });
      return answer.parse(await this.#environments.invoke(event)).statusCode;
    } catch (error) {
      return error instanceof ThrottledError ? 429 : 502;
    }
  }
}
