import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
}

/** A connection to a server, byte by byte: clients would tidy up what is to be sent here. */
export class RawConnection {
  readonly socket: Socket;
  /** Resolves when the connection is closed, however that came. */
  readonly closed: Promise<void>;
  #received = '';
  #isClosed = false;
  #wake: () => void = () => {};

  static async open(url: URL): Promise<RawConnection> {
    const socket = connect(Number(url.port), url.hostname).setNoDelay();
    await once(socket, 'connect');
    return new RawConnection(socket);
  }

  constructor(socket: Socket) {
    this.socket = socket;
    this.socket.setEncoding('latin1').on('data', (text: string) => {
      this.#received += text;
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.closed = once(this.socket, 'close').then(() => {
      this.#isClosed = true;
      this.#wake();
    });
  }

  /** What has been received and not been read as an answer. */
  get unread(): string {
    return this.#received;
  }

  /** Resolves when the bytes are on their way, so that a large body is not held whole here. */
  async write(bytes: string | Uint8Array): Promise<void> {
    if (this.socket.write(bytes) || this.socket.destroyed) return;
    await Promise.race([once(this.socket, 'drain'), this.closed]);
  }

  /**
   * The next answer. Rejects when the connection closes first, and on any answer but one with an empty body
   * and a length: Logplex reads no other.
   */
  async answer(): Promise<RawAnswer> {
    for (;;) {
      const end = this.#received.indexOf('\r\n\r\n');
      if (end !== -1) {
        const head = this.#received.slice(0, end);
        this.#received = this.#received.slice(end + 4);
        return parseAnswer(head);
      }
      if (this.#isClosed) throw new Error(`closed without an answer, but ${JSON.stringify(this.#received)}`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

function parseAnswer(head: string): RawAnswer {
  const [first = '', ...lines] = head.split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  const final = status >= 200;
  if (final && (headers.get('content-length') !== '0' || headers.has('transfer-encoding'))) {
    throw new Error(`an answer must be empty and say so: ${head}`);
  }
  return { status, headers };
}
