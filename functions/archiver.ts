import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { createS3Client, S3Store } from '../lib/archive/store/aws/s3-store.ts';
import { powertoolsLog } from '../lib/base/aws/powertools-log.ts';
import { requireVariables } from '../lib/base/environment.ts';
import { S3Ledger } from '../lib/ledger/aws/s3-ledger.ts';
import { PowertoolsCounters } from '../lib/metrics/aws/powertools-counters.ts';
import { type Archiver, archiveMessages } from '../lib/spool/sqs/archive-messages.ts';
import { queuedMessage, SqsPostponer } from '../lib/spool/sqs/sqs-queue.ts';
import { createSqsClient } from '../lib/spool/sqs/sqs-spool.ts';

const environment = requireVariables(
  'CISTERN_STAGE',
  'CISTERN_BUCKET',
  'CISTERN_LEDGER',
  'CISTERN_QUEUE_URL',
  'CISTERN_MAX_OBJECT_BYTES',
);
const s3 = createS3Client();
// It only postpones: what it can't, comes back later by itself.
const sqs = createSqsClient({
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 3_000, throwOnRequestTimeout: true },
});
const archiver: Archiver = {
  store: new S3Store(s3, environment.CISTERN_BUCKET),
  ledger: new S3Ledger(s3, environment.CISTERN_LEDGER),
  queue: new SqsPostponer(sqs, environment.CISTERN_QUEUE_URL),
  counters: new PowertoolsCounters(environment.CISTERN_STAGE, 'archiver'),
  log: powertoolsLog('archiver'),
  maxObjectBytes: Number(environment.CISTERN_MAX_OBJECT_BYTES),
};

/** Kept for what comes after the store: setting aside, postponing, answering. */
const afterStoreMs = 15_000;

/** Lambda deletes from the queue what this does not name: each message is durable in the archive, or set aside. */
export async function handler(
  { Records: records }: SQSEvent,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<SQSBatchResponse> {
  const budgetMs = Math.max(0, context.getRemainingTimeInMillis() - afterStoreMs);
  const staying = await archiveMessages(archiver, records.map(queuedMessage), budgetMs);
  return { batchItemFailures: staying.map((itemIdentifier) => ({ itemIdentifier })) };
}
