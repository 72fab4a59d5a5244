import { CfnOutput, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { Config } from '../lib/config.ts';
import { parameterNames } from '../lib/drains/parameters.ts';
import { ArchiveBucket } from './archive-bucket.ts';
import { listedValues } from './listed-apps.ts';
import { LogBucket } from './log-bucket.ts';
import { Receiver } from './receiver.ts';

export interface CisternStackProps {
  readonly config: Config;
  /** The folder that holds one folder a function, each with its `index.mjs`. */
  readonly bundles: string;
}

/**
 * All of one stage. Bound to no account or region, so that it can be synthesised without credentials.
 *
 * The names of constructs are for good: to rename one replaces it, which would start an empty archive or give
 * the receiver another URL than the drains have.
 */
export class CisternStack extends Stack {
  constructor(scope: Construct, id: string, { config, bundles }: CisternStackProps) {
    super(scope, id, {
      description: `Cistern (${config.stage}): the log-drain archive for Heroku`,
      // Without the stack, Heroku drops what the drains send; a new one has another URL.
      terminationProtection: true,
    });
    const { stage, kmsKeyArn } = config;
    const key = kmsKeyArn === undefined ? undefined : Key.fromKeyArn(this, 'Key', kmsKeyArn);

    const archive = new ArchiveBucket(this, 'Archive', { config, key });
    const ledger = new LogBucket(this, 'Ledger', { config, key });
    const receiver = new Receiver(this, 'Receiver', { config, bundles, archive, key });

    const parameters: Record<string, string> = {
      [parameterNames.receiverUrl]: receiver.url,
      [parameterNames.archiveBucket]: archive.bucketName,
    };
    for (const [index, value] of listedValues(config.apps.map(({ name }) => name)).entries()) {
      parameters[`${parameterNames.listed}${index}`] = value;
    }
    for (const [name, stringValue] of Object.entries(parameters)) {
      new StringParameter(this, `Parameter-${name}`, {
        parameterName: `/cistern/${stage}/${name}`,
        stringValue,
      });
    }

    new CfnOutput(this, 'Stage', { value: stage });
    new CfnOutput(this, 'ReceiverUrl', { value: receiver.url });
    new CfnOutput(this, 'ArchiveBucket', { value: archive.bucketName });
    new CfnOutput(this, 'LedgerBucket', { value: ledger.bucketName });
  }
}
