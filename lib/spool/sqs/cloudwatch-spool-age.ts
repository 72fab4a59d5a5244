import { type CloudWatchClient, GetMetricDataCommand, type Metric } from '@aws-sdk/client-cloudwatch';
import { readAwsFailure } from '../../base/aws/aws-failure.ts';
import { type CounterName, type CountingService, cloudWatchNamespace } from '../../metrics/counters.ts';
import type { SpoolAgeReader } from '../spool-age.ts';

export interface CloudWatchSpoolAgeOptions {
  readonly stage: string;
  readonly queueName: string;
}

const minuteMs = 60_000;
/** CloudWatch is minutes late: what was measured in the last ones holds. */
const holdsMs = 10 * minuteMs;
/**
 * A member that was tried 500 times comes back only every 20 to 30 minutes (`comebackSeconds`), and is measured
 * no more often. It is older than this: 500 times 15 s.
 */
const rareFromMs = 125 * minuteMs;
const rareHoldsMs = 35 * minuteMs;

/**
 * The age of a queue's oldest message, from CloudWatch. SQS leaves out of its own metric what was received three
 * times or more, so in an outage of the store it soon says nothing: the archiver measures as well.
 */
export class CloudWatchSpoolAge implements SpoolAgeReader {
  readonly #client: CloudWatchClient;
  readonly #metrics: readonly (Metric & { readonly unitMs: number })[];

  constructor(client: CloudWatchClient, { stage, queueName }: CloudWatchSpoolAgeOptions) {
    this.#client = client;
    this.#metrics = [
      {
        Namespace: 'AWS/SQS',
        MetricName: 'ApproximateAgeOfOldestMessage',
        Dimensions: [{ Name: 'QueueName', Value: queueName }],
        unitMs: 1000,
      },
      {
        Namespace: cloudWatchNamespace,
        MetricName: 'spool-age' satisfies CounterName,
        Dimensions: [
          { Name: 'service', Value: 'archiver' satisfies CountingService },
          { Name: 'stage', Value: stage },
        ],
        unitMs: 1,
      },
    ];
  }

  async oldestMs(signal?: AbortSignal): Promise<number | undefined> {
    const now = Date.now();
    let oldest: number | undefined;
    for await (const { at, ms } of this.#measured(now, signal)) {
      if (at < now - holdsMs && ms < rareFromMs) continue;
      oldest = Math.max(ms, oldest ?? 0);
    }
    return oldest;
  }

  async *#measured(
    now: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<{ readonly at: number; readonly ms: number }> {
    const end = Math.ceil(now / minuteMs) * minuteMs;
    const input = {
      MetricDataQueries: this.#metrics.map(({ unitMs: _, ...metric }, index) => ({
        Id: `q${index}`,
        MetricStat: { Metric: metric, Period: 60, Stat: 'Maximum' },
      })),
      StartTime: new Date(end - rareHoldsMs),
      EndTime: new Date(end),
    };
    let token: string | undefined;
    do {
      const page = await this.#send(
        { ...input, ...(token === undefined ? {} : { NextToken: token }) },
        signal,
      );
      token = page.NextToken;
      for (const { Id, StatusCode: status, Timestamps = [], Values = [] } of page.MetricDataResults ?? []) {
        // A part would be taken for good news. More of it may be on the next page.
        if (
          status !== undefined &&
          status !== 'Complete' &&
          !(status === 'PartialData' && token !== undefined)
        ) {
          throw new Error(`the spool's age can't be read: GetMetricData gives no whole answer (${status})`);
        }
        const { unitMs = 1 } = this.#metrics[Number(Id?.slice(1))] ?? {};
        for (const [index, time] of Timestamps.entries()) {
          yield { at: time.getTime(), ms: (Values[index] ?? 0) * unitMs };
        }
      }
    } while (token !== undefined);
  }

  async #send(input: GetMetricDataCommand['input'], signal: AbortSignal | undefined) {
    try {
      const options = signal === undefined ? {} : { abortSignal: signal };
      return await this.#client.send(new GetMetricDataCommand(input), options);
    } catch (cause) {
      const { detail, status, setup } = readAwsFailure(cause);
      const refused = status === 403 || detail.startsWith('AccessDenied');
      const why = setup ?? (refused ? 'allow cloudwatch:GetMetricData to these credentials' : 'try again');
      throw new Error(`the spool's age can't be read: GetMetricData failed (${detail}): ${why}`, { cause });
    }
  }
}
