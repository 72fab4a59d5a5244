import type { IKey } from 'aws-cdk-lib/aws-kms';
import { CfnEventSourceMapping, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config } from '../lib/config/config.ts';
import { setAsidePrefix } from '../lib/spool/set-aside.ts';
import { createObjects } from './archive-grants.ts';
import { addBundledFunction } from './bundled-function.ts';
import type { Grant } from './grant.ts';
import type { Spool } from './spool.ts';

export interface ArchiverProps {
  readonly config: Pick<Config, 'stage' | 'archiver' | 'functionLogDays'>;
  /** The folder that holds `archiver/index.mjs`. */
  readonly bundles: string;
  readonly archive: Bucket;
  readonly ledger: Bucket;
  /** The key of both, where it is not S3's own. */
  readonly key: IKey | undefined;
  readonly spool: Spool;
}

/** A run stores within 45 s, and has what is left to say which messages are done. */
export const archiverTimeoutSeconds: number = 60;

/** The function that brings members from the spool into the archive, and what hands it the messages. */
export class Archiver extends Construct {
  readonly fn: LambdaFunction;

  constructor(scope: Construct, id: string, props: ArchiverProps) {
    super(scope, id);
    const { config, bundles, archive, ledger, spool } = props;
    const { windowSeconds, batchSize, concurrency, maxObjectMiB } = config.archiver;
    this.fn = addBundledFunction(this, {
      config,
      bundles,
      name: 'archiver',
      description: 'brings batches from the spool into the archive',
      // An event is at most 6 MB, of which are made 4.5 MB of members and as much of objects: some 40 MB with the
      // text, beside the 100 of Node and the SDK. The rest is for CPU, which comes in proportion.
      memorySize: 512,
      timeoutSeconds: archiverTimeoutSeconds,
      environment: {
        CISTERN_STAGE: config.stage,
        CISTERN_BUCKET: archive.bucketName,
        CISTERN_LEDGER: ledger.bucketName,
        CISTERN_QUEUE_URL: spool.queue.queueUrl,
        CISTERN_MAX_OBJECT_BYTES: String(maxObjectMiB * 1024 * 1024),
      },
      grants: archiverGrants(props),
    });
    new CfnEventSourceMapping(this, 'Messages', {
      eventSourceArn: spool.queue.queueArn,
      functionName: this.fn.functionName,
      batchSize,
      maximumBatchingWindowInSeconds: windowSeconds,
      // Without it, one message that stays would keep all others of its batch in the queue.
      functionResponseTypes: ['ReportBatchItemFailures'],
      // Not reserved: small accounts could not deploy, and what is throttled is received in vain.
      scalingConfig: { maximumConcurrency: concurrency },
    });
  }
}

function archiverGrants(props: ArchiverProps): Grant[] {
  const { ledger, spool } = props;
  return [
    ...createObjects(props),
    {
      sid: 'SetAside',
      actions: ['s3:PutObject'],
      resources: [ledger.arnForObjects(`${setAsidePrefix}*`)],
      wildcards: 'Keys derive from messages, so they are not known before; nothing may be read or deleted.',
    },
    ...spool.receiveGrants(),
  ];
}
