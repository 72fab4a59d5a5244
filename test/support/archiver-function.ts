import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod';
import { createSqsClient } from '../../lib/spool/sqs/sqs-spool.ts';
import type { Child } from './child-process.ts';
import { type FakeAws, startFakeAws } from './fake-aws.ts';
import { hostFunction, invokeHost, nextReport, stage } from './lambda-function.ts';
import { type PollerOptions, SqsPoller } from './sqs-poller.ts';

const response = z.strictObject({
  batchItemFailures: z.array(z.strictObject({ itemIdentifier: z.string() })),
});
const sampleLine = z.looseObject({ _aws: z.unknown(), service: z.literal('archiver'), stage: z.string() });
const logLine = z.looseObject({ level: z.string(), message: z.string(), service: z.literal('archiver') });

/** The bundled archiver in a process of its own. */
export class ArchiverFunction {
  readonly child: Child;

  constructor(child: Child) {
    this.child = child;
  }

  async invoke(event: SQSEvent, timeoutMs = 60_000): Promise<SQSBatchResponse> {
    const { result } = await invokeHost(this.child, { event, timeoutMs });
    return response.parse(result);
  }

  /** What it counted, an invocation at a time, as soon as there are so many lines. */
  samples(count = 1): Promise<Readonly<Record<string, unknown>>[]> {
    return this.child.until(() => {
      const found = this.#lines(sampleLine);
      return found.length >= count ? found : undefined;
    }, `${count} samples`);
  }

  logged(level: string): Readonly<Record<string, unknown>>[] {
    return this.#lines(logLine).filter((line) => line.level === level);
  }

  async kill(): Promise<void> {
    this.child.process.kill('SIGKILL');
    await this.child.exited;
  }

  #lines<T>(shape: z.ZodType<T>): T[] {
    return `${this.child.stdout}\n${this.child.stderr}`.split('\n').flatMap((line) => {
      if (!line.startsWith('{')) return [];
      const { data } = shape.safeParse(JSON.parse(line));
      return data === undefined ? [] : [data];
    });
  }
}

export async function startArchiver(
  aws: FakeAws,
  env: Readonly<Record<string, string>> = {},
): Promise<ArchiverFunction> {
  const child = await hostFunction('archiver', {
    ...aws.env(),
    CISTERN_STAGE: stage,
    // One bucket stands for both: their prefixes differ.
    CISTERN_BUCKET: aws.s3.bucket,
    CISTERN_LEDGER: aws.s3.bucket,
    CISTERN_QUEUE_URL: aws.sqs.queueUrl,
    CISTERN_MAX_OBJECT_BYTES: String(16 * 1024 * 1024),
    ...env,
  });
  await nextReport(child);
  return new ArchiverFunction(child);
}

/** What hands the archiver the messages of the fake queue. */
export function pollerOf(
  aws: FakeAws,
  archiver: ArchiverFunction,
  options: Partial<Pick<PollerOptions, 'batchSize' | 'windowMs'>> & { readonly timeoutMs?: number } = {},
): SqsPoller {
  const { timeoutMs, ...rest } = options;
  return new SqsPoller({
    client: createSqsClient(aws.sqsClientConfig()),
    queueUrl: aws.sqs.queueUrl,
    invoke: (event) => archiver.invoke(event, timeoutMs),
    ...rest,
  });
}

/** Starts the bundled archiver, gives it to `use`, and ends it. */
export async function withArchiver(
  use: (archiver: ArchiverFunction, aws: FakeAws, poller: SqsPoller) => Promise<void>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  const aws = await startFakeAws();
  try {
    const archiver = await startArchiver(aws, env);
    await use(archiver, aws, pollerOf(aws, archiver));
    await archiver.kill();
  } finally {
    await aws.close();
  }
}
