import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { createS3Client, S3Store } from '../lib/archive/s3-store.ts';
import { CachedRegistry } from '../lib/drains/cached-registry.ts';
import { createSsmClient, SsmParameters } from '../lib/drains/ssm-parameters.ts';
import { requireVariables } from '../lib/environment.ts';
import { powertoolsLog } from '../lib/powertools-log.ts';
import { PowertoolsCounters } from '../lib/receiver/powertools-counters.ts';
import { type Receiver, receive } from '../lib/receiver/receive.ts';
import { tellSwitches } from '../lib/receiver/tell-switches.ts';
import { DeferredSpool } from '../lib/spool/deferred-spool.ts';
import { Delivery } from '../lib/spool/delivery.ts';

const environment = requireVariables(
  'CISTERN_STAGE',
  'CISTERN_BUCKET',
  'CISTERN_QUEUE_URL',
  'CISTERN_DELIVERY',
);
const mode = environment.CISTERN_DELIVERY === 'buffered' ? 'buffered' : 'direct';
const spool = new DeferredSpool(async () => {
  const { createSqsClient, SqsSpool } = await import('../lib/spool/sqs-spool.ts');
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
    onSwitch: tellSwitches(counters, log),
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
