import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { createS3Client, S3Store } from '../lib/archive/store/aws/s3-store.ts';
import { powertoolsLog } from '../lib/base/aws/powertools-log.ts';
import { requireVariables } from '../lib/base/environment.ts';
import { createSsmClient, SsmParameters } from '../lib/drains/aws/ssm-parameters.ts';
import { CachedRegistry } from '../lib/drains/cached-registry.ts';
import { PowertoolsCounters } from '../lib/metrics/aws/powertools-counters.ts';
import { DeferredSpool } from '../lib/receiver/deferred-spool.ts';
import { Delivery } from '../lib/receiver/delivery.ts';
import { type Receiver, receive } from '../lib/receiver/receive.ts';
import { reportCircuit } from '../lib/receiver/report-circuit.ts';

const environment = requireVariables(
  'CISTERN_STAGE',
  'CISTERN_BUCKET',
  'CISTERN_QUEUE_URL',
  'CISTERN_DELIVERY',
);
const mode = environment.CISTERN_DELIVERY === 'buffered' ? 'buffered' : 'direct';
const spool = new DeferredSpool(async () => {
  const { createSqsClient, SqsSpool } = await import('../lib/spool/sqs/sqs-spool.ts');
  return new SqsSpool(createSqsClient(), environment.CISTERN_QUEUE_URL);
});
if (mode === 'buffered') await spool.load();

const log = powertoolsLog('receiver');
const counters = new PowertoolsCounters(environment.CISTERN_STAGE);
const receiver: Receiver = {
  registry: new CachedRegistry(new SsmParameters(createSsmClient(), environment.CISTERN_STAGE), log),
  delivery: new Delivery({
    mode,
    store: new S3Store(createS3Client(), environment.CISTERN_BUCKET),
    spool,
    onSwitch: reportCircuit(counters, log),
  }),
  counters,
  log,
};

/**
 * The function URL's handler. Its status is all that Logplex reads: 200 means durable, 503 means try again,
 * anything else means that Heroku drops the batch.
 */
export async function handler(event: LambdaFunctionURLEvent): Promise<LambdaFunctionURLResult> {
  const { status } = await receive(receiver, {
    method: event.requestContext.http.method,
    path: event.rawPath,
    headers: event.headers,
    startedAt: event.requestContext.timeEpoch,
    // Bodies that are neither text/* nor application/json arrive as base64.
    body: async () => Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8'),
  });
  return { statusCode: status, body: '' };
}
