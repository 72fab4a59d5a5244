import { styleText } from 'node:util';
import { describeError } from '../../lib/base/errors.ts';
import type { Log } from '../../lib/base/log.ts';
import { canaryApp } from '../../lib/drains/canary-app.ts';
import type { CounterName, Counters, Sample } from '../../lib/metrics/counters.ts';
import type { DeliveryMode } from '../../lib/receiver/delivery.ts';
import { visible } from '../shared/visible.ts';

/** Where `serve` says what happens: lines for a person on a terminal, JSON lines for anything else. */
export interface ServeOutput extends Log, Counters {
  /** What happened to an incident. */
  incident(happened: IncidentLine): void;
}

export interface IncidentLine {
  /** Of the event. */
  readonly verb: string;
  /** Whether something is wrong now that was not before. */
  readonly trouble: boolean;
  readonly fields: {
    readonly incident: string;
    readonly title?: string | undefined;
    readonly severity?: string | undefined;
    readonly remedy?: string;
    readonly reason?: string;
  };
}

export function serveOutput(
  delivery: DeliveryMode,
  stream: NodeJS.WriteStream = process.stdout,
): ServeOutput {
  // Whoever reads this may go away (`| head`): batches are received all the same.
  stream.on('error', () => undefined);
  return stream.isTTY ? new TerminalOutput(stream, delivery) : new JsonOutput(stream);
}

type Fields = Readonly<Record<string, unknown>>;

class JsonOutput implements ServeOutput {
  readonly #stream: NodeJS.WritableStream;
  /** Lines of requests of this turn of the event loop: a write each would cost more than the lines themselves. */
  #requests = '';

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
  }

  record({ app, secretId, counts }: Sample): void {
    if (this.#requests === '') setImmediate(() => this.#flush());
    const time = new Date().toISOString();
    const line = { time, level: 'info', message: 'request', app, secret: secretId, ...counts };
    // No error is in it that would have to be made plain, and there is one a request.
    this.#requests += `${JSON.stringify(line)}\n`;
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

  incident({ verb, trouble, fields }: IncidentLine): void {
    this.#write({ level: trouble ? 'error' : 'info', message: `incident ${verb}`, ...fields });
  }

  #write(fields: Fields): void {
    const line = { time: new Date().toISOString(), ...fields };
    this.#flush(`${JSON.stringify(line, (_, value) => plainError(value))}\n`);
  }

  #flush(last = ''): void {
    const text = this.#requests + last;
    this.#requests = '';
    if (text !== '') this.#stream.write(text);
  }
}

type Colour = 'dim' | 'yellow' | 'red' | 'green';

class TerminalOutput implements ServeOutput {
  readonly #stream: NodeJS.WriteStream;
  readonly #delivery: DeliveryMode;

  constructor(stream: NodeJS.WriteStream, delivery: DeliveryMode) {
    this.#stream = stream;
    this.#delivery = delivery;
  }

  record({ app = '-' as never, counts }: Sample): void {
    const stored = counts.batches !== undefined || counts.duplicates !== undefined;
    // The watch's own batch, every round: of interest only where something is odd about it.
    const remarks = this.#remarks(counts);
    if (app === canaryApp && remarks.length === 0) return;
    const facts = stored
      ? [
          `${counts.messages ?? 0} messages`.padStart(14),
          `${counts.bytes ?? 0} bytes`.padStart(14),
          `${Math.round(counts.latency ?? 0)} ms`.padStart(8),
        ]
      : [];
    const line = [clock(), app.padEnd(16), ...facts, remarks.join(', ')].join('  ').trimEnd();
    this.#write(line, stored ? undefined : 'yellow');
  }

  /** What is not as with every batch: with buffered delivery, that one went round the spool. */
  #remarks(counts: Sample['counts']): string[] {
    const buffered = this.#delivery === 'buffered';
    const remarks = (Object.keys(counts) as CounterName[])
      .filter((name) => !ordinary.has(name) && !(buffered && name === 'spooled'))
      .map((name) => (counts[name] === 1 ? name : `${name} ${counts[name]}`));
    const wentRound = buffered && counts.batches !== undefined && counts.spooled === undefined;
    return wentRound ? [...remarks, 'not spooled'] : remarks;
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

  incident({ verb, trouble, fields }: IncidentLine): void {
    const { incident, title, severity, remedy, reason } = fields;
    const what = [severity, verb].filter((part) => part !== undefined).join(' ');
    const why = reason === undefined ? '' : ` (${reason})`;
    this.#write(`${clock()}  ${what}: ${title ?? ''}${why}  ${incident}`, trouble ? 'red' : 'green');
    if (remedy !== undefined && remedy !== '') this.#write(`${' '.repeat(clock().length + 2)}→ ${remedy}`);
  }

  #write(line: string, colour?: Colour): void {
    // A title may quote what an outsider chose.
    const shown = visible(Buffer.from(line), ' ');
    const styled = colour === undefined ? shown : styleText(colour, shown, { stream: this.#stream });
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

/** UTC, as in everything else that Cistern says. */
function clock(): string {
  return new Date().toISOString().slice(11, 19).concat('Z');
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
