import { readRun } from '../../lib/jobs/job-record.ts';
import { jobs, lastDue } from '../../lib/jobs/jobs.ts';
import { runReportJob } from '../../lib/jobs/report-job.ts';
import { runWatchJob } from '../../lib/jobs/watch-job.ts';
import { type LocalWatch, openLocalWatch } from '../shared/watching.ts';
import type { ServeOutput } from './output.ts';
import { RoundTeller } from './report.ts';

export interface ServeWatchOptions extends Omit<LocalWatch, 'log' | 'canary'> {
  readonly output: ServeOutput;
  readonly everyMinutes: number;
}

/** The first look comes when whoever starts `serve` has had time to look at it. */
const firstAfterMs = 10_000;
/** How long a stop waits for a look that is under way. */
const stopWithinMs = 5_000;

/** Watches what `serve` keeps, as the scheduled functions do on AWS. Nothing that goes wrong here stops receiving. */
export class ServeWatch {
  readonly #options: ServeWatchOptions;
  readonly #teller: RoundTeller;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: ServeWatchOptions) {
    this.#options = options;
    this.#teller = new RoundTeller(options.output);
    this.#after(Math.min(firstAfterMs, this.#everyMs));
  }

  /** Ends the look that is under way: it changes nothing more, or leaves to the next one what it did not finish. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopping.abort(new Error('serve is stopping'));
    const patience = Promise.withResolvers<void>();
    const timer = setTimeout(patience.resolve, stopWithinMs);
    await Promise.race([this.#running, patience.promise]);
    clearTimeout(timer);
  }

  get #everyMs(): number {
    return this.#options.everyMinutes * 60_000;
  }

  #after(ms: number): void {
    this.#timer = setTimeout(() => {
      const started = performance.now();
      this.#running = this.#run().finally(() => {
        if (!this.#stopping.signal.aborted)
          this.#after(Math.max(0, this.#everyMs - (performance.now() - started)));
      });
    }, ms);
  }

  async #run(): Promise<void> {
    const { output } = this.#options;
    try {
      // Opened anew each time: secrets and the heartbeat may have been set meanwhile.
      const job = await openLocalWatch({ ...this.#options, log: output, canary: true });
      this.#teller.tell(await runWatchJob(job, this.#stopping.signal));
    } catch (error) {
      if (this.#stopping.signal.aborted) return;
      output.error('the watch failed; it tries again at its next turn', { error });
    }
    await this.#report().catch((error: unknown) => output.error('the weekly report failed', { error }));
  }

  /** The week that ended is reported once its time has come, or at the next look after that. */
  async #report(): Promise<void> {
    const { output, target } = this.#options;
    const ledger = await target.openLedger();
    const last = await readRun(ledger, 'report');
    if (typeof last === 'object' && last.startedAt >= lastDue(jobs.report.at, Date.now())) return;
    const { week } = await runReportJob(ledger, output);
    output.info(`the weekly report of ${week} is written`, { week });
  }
}
