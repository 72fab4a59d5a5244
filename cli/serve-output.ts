import { styleText } from 'node:util';
import { describeError } from '../lib/error-code.ts';
import type { Log } from '../lib/log.ts';
import type { CounterName, Counters, Sample } from '../lib/receiver/counters.ts';

/** Where `serve` says what happens: lines for a person on a terminal, JSON lines for anything else. */
export interface ServeOutput extends Log, Counters {}

export function serveOutput(stream: NodeJS.WriteStream = process.stdout): ServeOutput {
  // Whoever reads this may go away (`| head`): batches are received all the same.
  stream.on('error', () => undefined);
  return stream.isTTY ? new TerminalOutput(stream) : new JsonOutput(stream);
}

type Fields = Readonly<Record<string, unknown>>;

class JsonOutput implements ServeOutput {
  readonly #stream: NodeJS.WritableStream;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  record({ app, secretId, counts }: Sample): void {
    this.#write({ level: 'info', message: 'request', app, secret: secretId, ...counts });
  }

  info(message: string, fields: Fields = {}): void {
    this.#write({ level: 'info', message, ...fields });
  }

  warn(message: string, fields: Fields = {}): void {
    this.#write({ level: 'warn', message, ...fields });
  }

  error(message: string, fields: Fields = {}): void {
    this.#write({ level: 'error', message, ...fields });
  }

  #write(fields: Fields): void {
    const line = { time: new Date().toISOString(), ...fields };
    this.#stream.write(`${JSON.stringify(line, (_, value) => plainError(value))}\n`);
  }
}

type Colour = 'dim' | 'yellow' | 'red';

class TerminalOutput implements ServeOutput {
  readonly #stream: NodeJS.WriteStream;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  record({ app = '-' as never, counts }: Sample): void {
    const stored = counts.batches !== undefined || counts.duplicates !== undefined;
    const facts = stored
      ? [
          `${counts.messages ?? 0} messages`.padStart(14),
          `${counts.bytes ?? 0} bytes`.padStart(14),
          `${Math.round(counts.latency ?? 0)} ms`.padStart(8),
        ]
      : [];
    const remarks = (Object.keys(counts) as CounterName[])
      .filter((name) => !ordinary.has(name))
      .map((name) => (counts[name] === 1 ? name : `${name} ${counts[name]}`));
    const line = [clock(), app.padEnd(16), ...facts, remarks.join(', ')].join('  ').trimEnd();
    this.#write(line, stored ? undefined : 'yellow');
  }

  info(message: string): void {
    this.#write(`${clock()}  ${message}`, 'dim');
  }

  warn(message: string, fields: Fields = {}): void {
    this.#write(`${clock()}  ${message}${describe(fields)}`, 'yellow');
  }

  error(message: string, fields: Fields = {}): void {
    this.#write(`${clock()}  ${message}${describe(fields)}`, 'red');
  }

  #write(line: string, colour?: Colour): void {
    const styled = colour === undefined ? line : styleText(colour, line, { stream: this.#stream });
    this.#stream.write(`${styled}\n`);
  }
}

const ordinary: ReadonlySet<CounterName> = new Set<CounterName>([
  'batches',
  'messages',
  'bytes',
  'stored-bytes',
  'latency',
]);

function clock(): string {
  return new Date().toTimeString().slice(0, 8);
}

function describe(fields: Fields): string {
  const parts = Object.entries(fields).map(([name, value]) => `${name}: ${text(plainError(value))}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function plainError(value: unknown): unknown {
  return value instanceof Error ? describeError(value) : value;
}
