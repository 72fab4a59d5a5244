import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Log } from '../../lib/base/log.ts';
import type { Counters, Sample } from '../../lib/metrics/counters.ts';
import { segmentsIn } from '../../lib/spool/journal/journal-spool-reader.ts';

/** What the archiver's thread needs to know. */
export interface ArchiverSetup {
  readonly data: string;
  readonly bucket: string | undefined;
  readonly windowMs: number;
  readonly maxObjectBytes: number;
}

export type ArchiverOrder = { readonly kind: 'wake' } | { readonly kind: 'stop'; readonly withinMs: number };

export type ArchiverReport =
  | { readonly kind: 'sample'; readonly sample: Sample }
  | {
      readonly kind: 'log';
      readonly level: keyof Log;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    }
  /** `left`: segments that were not archived. */
  | { readonly kind: 'stopped'; readonly left: number };

/** How often it looks for segments that another process has left. */
const lookMs = 10_000;
/** How much longer than it was given a stop of the thread may take. */
const graceMs = 1_000;

/**
 * The archiver of `serve`, in a thread of its own: planning and copying thousands of members would keep the answers to
 * others waiting. The thread begins when there is something to archive, and again when it died.
 */
export class ServeArchiver {
  readonly #setup: ArchiverSetup;
  readonly #counters: Counters;
  readonly #log: Log;
  #thread: Worker | undefined;
  #timer: NodeJS.Timeout | undefined;
  #onStopped: (left: number | undefined) => void = () => undefined;

  constructor(setup: ArchiverSetup, counters: Counters, log: Log) {
    this.#setup = setup;
    this.#counters = counters;
    this.#log = log;
  }

  /** Looks for what was left from now on. */
  start(): void {
    void this.#look();
    this.#timer = setInterval(() => void this.#look(), lookMs).unref();
  }

  /** Archives what is closed. Harmless when it is at work. */
  wake(): void {
    this.#order({ kind: 'wake' });
  }

  /** Archives what is there, if that takes no longer than about `withinMs`; resolves with the segments that are left. */
  async stop(withinMs: number): Promise<number> {
    clearInterval(this.#timer);
    if (this.#thread === undefined && !(await this.#mayHold())) return 0;
    const stopped = Promise.withResolvers<number | undefined>();
    this.#onStopped = stopped.resolve;
    this.#order({ kind: 'stop', withinMs });
    const timer = setTimeout(() => stopped.resolve(undefined), withinMs + graceMs);
    const left = await stopped.promise;
    clearTimeout(timer);
    // Its end is not waited for: a file system that hangs would keep the thread, and us with it.
    void this.#thread?.terminate();
    // A directory that can't be read was told of by the thread.
    return left ?? (await this.#segments().catch(() => [])).length;
  }

  async #look(): Promise<void> {
    if (await this.#mayHold()) this.wake();
  }

  /** Whether there is something to archive. Where that can't be found out, the thread looks, and tells why. */
  async #mayHold(): Promise<boolean> {
    try {
      return (await this.#segments()).length > 0;
    } catch {
      return true;
    }
  }

  #segments(): ReturnType<typeof segmentsIn> {
    return segmentsIn(join(this.#setup.data, 'spool'));
  }

  /** Never throws: the system may have no thread to give (EAGAIN), and whoever closed a segment can't help it. */
  #order(order: ArchiverOrder): void {
    try {
      this.#thread ??= this.#begin();
      this.#thread.postMessage(order);
    } catch (error) {
      this.#failed(error);
      this.#onStopped(undefined);
    }
  }

  #begin(): Worker {
    // The thread's file is source where this one is, and bundled where this one is.
    const file = `./archiver-thread${extname(import.meta.url)}`;
    const thread = new Worker(new URL(file, import.meta.url), { workerData: this.#setup });
    thread.unref();
    thread.on('message', (report: ArchiverReport) => this.#hear(report));
    thread.on('error', (error) => this.#failed(error));
    thread.on('exit', () => {
      if (this.#thread === thread) this.#thread = undefined;
      this.#onStopped(undefined);
    });
    return thread;
  }

  /** The next order begins another thread: the next look gives it at the latest. */
  #failed(error: unknown): void {
    this.#log.error('the archiver failed; what is spooled stays in the spool for now', { error });
  }

  #hear(report: ArchiverReport): void {
    if (report.kind === 'sample') this.#counters.record(report.sample);
    else if (report.kind === 'log') this.#log[report.level](report.message, report.fields);
    else this.#onStopped(report.left);
  }
}
