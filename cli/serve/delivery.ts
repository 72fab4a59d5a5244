import { join } from 'node:path';
import type { ArchiveWriter } from '../../lib/archive/store/store.ts';
import type { Config } from '../../lib/config/config.ts';
import type { Counters } from '../../lib/metrics/counters.ts';
import { Delivery } from '../../lib/receiver/delivery.ts';
import { reportCircuit } from '../../lib/receiver/report-circuit.ts';
import { DirectoryJournal } from '../../lib/spool/journal/journal.ts';
import { ServeArchiver } from './archiver.ts';
import type { ServeOutput } from './output.ts';

export interface ServeDeliveryOptions {
  readonly data: string;
  /** Where the archive is, if it is not in `data`. */
  readonly bucket: string | undefined;
  readonly config: Config;
  readonly store: ArchiveWriter;
  /** Of the archiver, and of switches between the paths: neither is a request. */
  readonly counters: Counters;
  readonly output: ServeOutput;
}

/** How long a stop waits for what is spooled to be archived. */
const stopWithinMs = 5_000;

/** How `serve` brings batches to where they are durable: the store, and a journal with its archiver. */
export class ServeDelivery {
  readonly delivery: Delivery;
  readonly #journal: DirectoryJournal;
  readonly #archiver: ServeArchiver;
  readonly #output: ServeOutput;

  constructor({ data, bucket, config, store, counters, output }: ServeDeliveryOptions) {
    const { windowSeconds, maxObjectMiB } = config.archiver;
    const windowMs = windowSeconds * 1000;
    this.#output = output;
    const directory = join(data, 'spool');
    const maxObjectBytes = maxObjectMiB * 1024 * 1024;
    this.#archiver = new ServeArchiver({ data, bucket, windowMs, maxObjectBytes }, counters, output);
    const onClosed = () => this.#archiver.wake();
    this.#journal = new DirectoryJournal({ directory, windowMs, onClosed });
    this.delivery = new Delivery({
      mode: config.delivery,
      store,
      spool: this.#journal,
      onSwitch: reportCircuit(counters, output),
    });
  }

  /** Archives what earlier processes left, and from then on what is spooled. */
  start(): void {
    this.#archiver.start();
  }

  /** To be called when no request is under way any more. */
  async stop(): Promise<void> {
    await this.#journal.close();
    const left = await this.#archiver.stop(stopWithinMs);
    if (left > 0) {
      const what = left === 1 ? 'a segment' : `${left} segments`;
      this.#output.info(`${what} of the spool could not be archived now: the next start does it`, { left });
    }
  }
}
