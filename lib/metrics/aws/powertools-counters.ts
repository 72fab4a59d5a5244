import { Metrics } from '@aws-lambda-powertools/metrics';
import {
  type CounterName,
  type Counters,
  type CountingService,
  cloudWatchNamespace,
  counterUnits,
  type Sample,
} from '../counters.ts';

/**
 * Counters as CloudWatch metrics, written to the function's log in the embedded metric format: once per stage
 * and, where a sample names one, per app; accepted batches, duplicates among them, also per secret.
 */
export class PowertoolsCounters implements Counters {
  readonly #metrics: Metrics;

  constructor(
    stage: string,
    service: CountingService = 'receiver',
    metrics: Metrics = new Metrics({ namespace: cloudWatchNamespace, serviceName: service }),
  ) {
    metrics.setDefaultDimensions({ stage });
    this.#metrics = metrics;
  }

  record({ counts, app, secretId }: Sample): void {
    this.#metrics.addDimensions({});
    if (app !== undefined) this.#metrics.addDimensions({ app });
    for (const name of Object.keys(counts) as CounterName[]) this.#add(name, counts[name]);
    this.#metrics.publishStoredMetrics();
    if (secretId === undefined) return;
    this.#metrics.addDimensions({ secret: secretId });
    this.#add('batches', (counts.batches ?? 0) + (counts.duplicates ?? 0));
    this.#metrics.publishStoredMetrics();
  }

  #add(name: CounterName, value: number | undefined): void {
    if (value !== undefined) this.#metrics.addMetric(name, counterUnits[name], value);
  }
}
