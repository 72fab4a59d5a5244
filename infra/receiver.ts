import type { IKey } from 'aws-cdk-lib/aws-kms';
import { FunctionUrlAuthType, type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Config } from '../lib/config/config.ts';
import { parameterNames } from '../lib/drains/parameters.ts';
import { createObjects } from './archive-grants.ts';
import { addBundledFunction } from './bundled-function.ts';
import type { Grant } from './grant.ts';
import { decryptParameters, readParameters } from './parameter-grants.ts';
import type { Spool } from './spool.ts';

export interface ReceiverProps {
  readonly config: Pick<Config, 'stage' | 'delivery' | 'reservedConcurrency' | 'functionLogDays'>;
  /** The folder that holds `receiver/index.mjs`. */
  readonly bundles: string;
  readonly archive: Bucket;
  /** The key of the archive, where it is not S3's own. */
  readonly key: IKey | undefined;
  /** There whatever the delivery is: direct falls back on it. */
  readonly spool: Spool;
}

/** The function that takes batches, behind its own URL, with a role that can add to archive and spool and little else. */
export class Receiver extends Construct {
  /** `https://…`, ending in a slash. */
  readonly url: string;
  readonly fn: LambdaFunction;

  constructor(scope: Construct, id: string, props: ReceiverProps) {
    super(scope, id);
    const { config, bundles, archive, spool } = props;
    this.fn = addBundledFunction(this, {
      config,
      bundles,
      name: 'receiver',
      description: 'stores each batch that Heroku drains, then acknowledges it',
      // Room for the largest batch, 4.5 MB, and five times that to work on it; and, since CPU comes in
      // proportion, time to compress it well within the 4 s that an answer may take.
      memorySize: 512,
      // Heroku gives up after 5 s and the receiver answers within 4: this only ends what went wrong.
      timeoutSeconds: 10,
      environment: {
        CISTERN_STAGE: config.stage,
        CISTERN_BUCKET: archive.bucketName,
        CISTERN_QUEUE_URL: spool.queue.queueUrl,
        CISTERN_DELIVERY: config.delivery,
      },
      reservedConcurrency: config.reservedConcurrency,
      grants: receiverGrants(this, props),
    });
    // Heroku can't sign requests: the receiver itself checks each drain's secret. Adds the permissions
    // lambda:InvokeFunctionUrl and lambda:InvokeFunction, both of which such a URL needs.
    this.url = this.fn.addFunctionUrl({ authType: FunctionUrlAuthType.NONE }).url;
  }
}

function receiverGrants(scope: Construct, props: ReceiverProps): Grant[] {
  const { config, spool } = props;
  const drains = { stage: config.stage, what: 'Drains', names: [parameterNames.drains] };
  return [
    ...createObjects(props),
    ...spool.sendGrants(),
    ...readParameters(scope, drains),
    decryptParameters(scope, drains),
  ];
}
