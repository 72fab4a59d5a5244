import type { Random } from './random.ts';

/** Whose dialect the messages are in: a log-shuttle writes STRUCTURED-DATA, Logplex leaves it out. */
export type Sender = 'logplex' | 'log-shuttle';

export interface SourceOptions {
  /** Begins the id of every message, so that no two drains write the same one. */
  readonly name: string;
  readonly random: Random;
  readonly now: () => number;
  readonly sender: Sender;
}

/** Lines over this arrive split, wherever that falls. */
const maxLineBytes = 10_000;
/** Messages are up to so much older than their batch: they come from many dynos. */
const maxAgeMs = 2_000;

const fillerBytes = 64 * 1024;
const processes = ['app web.1', 'app web.12', 'app worker.1', 'app scheduler.4711', 'heroku router'] as const;
const euro = Buffer.from('€');
/** What an application may print, and nobody may take for anything else than text. */
const oddities = [
  'Error L10 (output buffer overflow): 5 messages dropped since 2026-11-21T00:00:00+00:00.\n',
  'two\nlines\r\nand a third\n',
  '12 <190>1 2026-11-21T00:00:00+00:00 host app web.1 - looks like a frame\n',
  'naïve café 日本語 🪵\n',
  'no newline at the end',
  '\u0000\u0007\u001b[31mcontrol\u001b[0m\n',
  '',
];

/** The id of message `number` of a drain, as it stands in the message's text. */
export function messageId(name: string, number: number): string {
  return `id=${name}.${number};`;
}

/** What a drain's app logs: messages of every kind that a seed decides, each with an id of its own. */
export class MessageSource {
  readonly #options: SourceOptions;
  readonly #filler: Buffer;
  /** Bytes that a long line goes on with: the rest of a character that was cut, and how many pieces follow. */
  #rest: { readonly head: Buffer; readonly pieces: number } | undefined;
  #produced = 0;

  constructor(options: SourceOptions) {
    this.#options = options;
    const { random } = options;
    this.#filler = Buffer.from(
      Array.from({ length: fillerBytes }, () => 'etaoin shrdlu=0123456789'.charCodeAt(random.between(0, 23))),
    );
  }

  get produced(): number {
    return this.#produced;
  }

  /** The next message, without its frame. */
  next(): Buffer {
    const { name, random } = this.#options;
    const id = messageId(name, this.#produced);
    this.#produced += 1;
    if (this.#rest !== undefined) return this.#continued(id, this.#rest);
    if (random.chance(0.001)) return this.#piece(id, Buffer.alloc(0), random.between(1, 3));
    if (random.chance(0.05)) {
      const odd = oddities[random.between(0, oddities.length - 1)];
      return this.#message(Buffer.from(`${id} ${odd}`));
    }
    return this.#message(Buffer.from(`${id} `), this.#some(random.between(0, 250)), Buffer.from('\n'));
  }

  #continued(id: string, { head, pieces }: { readonly head: Buffer; readonly pieces: number }): Buffer {
    if (pieces > 0) return this.#piece(id, head, pieces);
    this.#rest = undefined;
    return this.#message(head, Buffer.from(` ${id} the end\n`));
  }

  /** A full piece of a long line: it ends inside a character, and the next one begins with the rest of that. */
  #piece(id: string, head: Buffer, pieces: number): Buffer {
    const cut = this.#options.random.between(1, euro.length - 1);
    const start = Buffer.concat([head, Buffer.from(` ${id} `)]);
    this.#rest = { head: euro.subarray(cut), pieces: pieces - 1 };
    return this.#message(start, this.#some(maxLineBytes - start.length - cut), euro.subarray(0, cut));
  }

  #some(bytes: number): Buffer {
    const start = this.#options.random.between(0, fillerBytes - bytes);
    return this.#filler.subarray(start, start + bytes);
  }

  #message(...text: readonly Buffer[]): Buffer {
    const { random, now, sender } = this.#options;
    const process = processes[random.between(0, processes.length - 1)];
    const time = microseconds(now() - random.between(0, maxAgeMs), random.between(0, 999));
    const data = sender === 'log-shuttle' ? '- ' : '';
    const header = `<${random.between(0, 191)}>1 ${time} host ${process} - ${data}`;
    return Buffer.concat([Buffer.from(header, 'latin1'), ...text]);
  }
}

/** The message by which a sender admits that it lost others; Logplex's has no newline at its end. */
export function renderLossNotice(sender: Sender, count: number, sinceMs: number, nowMs: number): Buffer {
  const since = microseconds(sinceMs, 0);
  const now = microseconds(nowMs, 0);
  return Buffer.from(
    sender === 'logplex'
      ? `<172>1 ${now} host heroku logplex - ` +
          `Error L10 (output buffer overflow): ${count} messages dropped since ${since}.`
      : `<172>1 ${now} heroku token log-shuttle - - ` +
          `Error L13 (local delivery error): ${count} messages lost since ${since}.\n`,
  );
}

/** RFC 3339 in microseconds, as Logplex writes it. */
function microseconds(epochMs: number, micros: number): string {
  return `${new Date(epochMs).toISOString().slice(0, -1)}${String(micros).padStart(3, '0')}+00:00`;
}
