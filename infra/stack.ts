import { CfnOutput, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { CfnScheduleGroup } from 'aws-cdk-lib/aws-scheduler';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import type { Config } from '../lib/config/config.ts';
import { canaryApp } from '../lib/drains/canary-app.ts';
import { parameterNames } from '../lib/drains/parameters.ts';
import { ArchiveBucket } from './archive-bucket.ts';
import { Archiver, archiverTimeoutSeconds } from './archiver.ts';
import { configValues } from './config-parameters.ts';
import { LedgerBucket } from './ledger-bucket.ts';
import { listedValues } from './listed-apps.ts';
import { People } from './people.ts';
import { Receiver } from './receiver.ts';
import { DeadLetters } from './scheduled-function.ts';
import { Spool } from './spool.ts';
import { Topics } from './topics.ts';
import { UrgentAlarms } from './urgent-alarms.ts';
import { Report, Watch } from './watch.ts';

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
    const ledger = new LedgerBucket(this, 'Ledger', { config, key });
    const spool = new Spool(this, 'Spool', {
      key,
      timeoutSeconds: archiverTimeoutSeconds,
      windowSeconds: config.archiver.windowSeconds,
    });
    const receiver = new Receiver(this, 'Receiver', { config, bundles, archive, key, spool });
    const archiver = new Archiver(this, 'Archiver', { config, bundles, archive, ledger, key, spool });

    const topics = new Topics(this, 'Topics', { config });
    const deadLetters = new DeadLetters(this, 'DeadLetters');
    const schedules = new CfnScheduleGroup(this, 'Schedules');
    const watched = {
      config,
      bundles,
      archive,
      ledger,
      key,
      receiver: receiver.fn,
      spool,
      topics,
      schedules,
      deadLetters,
    };
    const watch = new Watch(this, 'Watch', watched);
    new Report(this, 'Report', watched);
    new UrgentAlarms(this, 'Alarms', {
      config,
      topic: topics.urgent,
      receiver: receiver.fn,
      spool,
      archiver: archiver.fn,
      watch: watch.fn,
      deadLetters,
    });
    const people = new People(this, 'People', { config, archive, ledger, key, spool });

    const listed = [...config.apps.map(({ name }) => name), canaryApp];
    const parameters: Record<string, string> = {
      [parameterNames.receiverUrl]: receiver.url,
      [parameterNames.receiverFunction]: receiver.fn.functionName,
      [parameterNames.spoolQueue]: spool.queue.queueUrl,
      [parameterNames.spoolDeadLetters]: spool.deadLetters.queueUrl,
      [parameterNames.archiveBucket]: archive.bucketName,
      [parameterNames.ledgerBucket]: ledger.bucketName,
      [parameterNames.alertsTopic]: topics.alerts.topicArn,
      [parameterNames.urgentTopic]: topics.urgent.topicArn,
      ...numbered(parameterNames.listed, listedValues(listed)),
      ...numbered(parameterNames.config, configValues(config)),
    };
    for (const [name, stringValue] of Object.entries(parameters)) {
      new StringParameter(this, `Parameter-${name}`, {
        parameterName: `/cistern/${stage}/${name}`,
        stringValue,
      });
    }

    const outputs = {
      Stage: stage,
      ReceiverUrl: receiver.url,
      ArchiveBucket: archive.bucketName,
      LedgerBucket: ledger.bucketName,
      SpoolQueue: spool.queue.queueUrl,
      SpoolDeadLetterQueue: spool.deadLetters.queueUrl,
      ArchiverFunction: archiver.fn.functionName,
      AlertsTopic: topics.alerts.topicArn,
      UrgentTopic: topics.urgent.topicArn,
      DeadLetterQueue: deadLetters.queueUrl,
      WatchFunction: watch.fn.functionName,
      IncidentsFullPolicy: people.full.managedPolicyArn,
      IncidentsReadOnlyPolicy: people.readOnly.managedPolicyArn,
      SpoolPolicy: people.spool.managedPolicyArn,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}

/** `<folder>0`, `<folder>1` … */
function numbered(folder: string, values: readonly string[]): Record<string, string> {
  return Object.fromEntries(values.map((value, index) => [`${folder}${index}`, value]));
}
