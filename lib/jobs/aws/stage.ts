import { SnsChannel } from '../../alerts/aws/sns-channel.ts';
import { SnsClients } from '../../alerts/aws/sns-clients.ts';
import { SnsSubscriptions } from '../../alerts/aws/sns-subscriptions.ts';
import { openChannels } from '../../alerts/make-channels.ts';
import { S3PageLister } from '../../archive/store/aws/s3-page-lister.ts';
import { createS3Client, S3Store } from '../../archive/store/aws/s3-store.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import { requireStoredConfig } from '../../config/stored-config.ts';
import { createSsmClient, SsmParameters } from '../../drains/aws/ssm-parameters.ts';
import { parameterNames } from '../../drains/parameters.ts';
import { rulesOf } from '../../incidents/rules/rules.ts';
import { LedgerIncidents } from '../../incidents/store/ledger-incidents.ts';
import { S3Ledger } from '../../ledger/aws/s3-ledger.ts';
import {
  CloudWatchCountersReader,
  createCloudWatchClient,
} from '../../metrics/aws/cloudwatch-counters-reader.ts';
import { CloudWatchSpoolAge } from '../../spool/sqs/cloudwatch-spool-age.ts';
import { createSqsClient } from '../../spool/sqs/sqs-spool.ts';
import { SqsSpoolReader } from '../../spool/sqs/sqs-spool-reader.ts';
import { S3BucketReader } from '../../watch/checks/retention/aws/s3-bucket-reader.ts';
import { expectedArchive, expectedLedger } from '../../watch/checks/retention/expected-buckets.ts';
import { checksThrough } from '../watch-checks.ts';
import type { WatchJob } from '../watch-job.ts';

/** What the stack has made for a stage, by the names that AWS gave. */
export interface StageNames {
  readonly stage: string;
  readonly archiveBucket: string;
  readonly ledgerBucket: string;
  readonly receiverFunction: string;
  readonly alertsTopic: string;
  readonly urgentTopic: string;
  /** URLs of the spool's queue, and of the queue of what it gave up. */
  readonly spoolQueue: string;
  readonly spoolDeadLetters: string;
}

export interface StageWatchOptions {
  readonly log: Log;
  /** Whether a tracer is sent: a look that changes nothing sends none. */
  readonly canary: boolean;
}

/**
 * How a deployed stage is watched: everything that the watch needs of AWS, put together in the one place that
 * the function and the command line share. Made anew for each run, since configuration and secrets may change.
 */
export class StageWatch {
  /** For looking, which may be tried again, and should not wait long for one answer. */
  readonly #s3 = createS3Client({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  });
  /** The ledger itself knows what may be tried again. */
  readonly #ledgerS3 = createS3Client();
  readonly #sns = new SnsClients();
  readonly #cloudWatch = createCloudWatchClient();
  readonly #sqs = createSqsClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  });
  readonly #names: StageNames;
  readonly #parameters: SsmParameters;
  readonly #options: StageWatchOptions;

  constructor(names: StageNames, options: StageWatchOptions) {
    this.#names = names;
    this.#options = options;
    this.#parameters = new SsmParameters(createSsmClient(), names.stage);
  }

  /** Throws ConfigError for a stage whose configuration is missing or damaged. */
  async job(): Promise<WatchJob> {
    const { archiveBucket, ledgerBucket, receiverFunction: functionName, stage } = this.#names;
    const parameters = this.#parameters;
    const [config, secrets, heartbeat] = await Promise.all([
      requireStoredConfig(parameters),
      parameters.get(parameterNames.alerts),
      parameters.get(parameterNames.heartbeat),
    ]);
    const opened = openChannels(config.alerts, secrets, {
      sns: (name, arn) => new SnsChannel(name, this.#sns.of(arn), arn),
      topicArn: this.#names.alertsTopic,
    });
    const target = `--stage ${stage}`;
    const ledger = new S3Ledger(this.#ledgerS3, ledgerBucket);
    const store = new LedgerIncidents(ledger);
    const checks = checksThrough({
      config,
      parameters,
      archive: new S3Store(this.#s3, archiveBucket),
      lister: new S3PageLister(this.#s3, archiveBucket),
      ledger,
      incidents: store,
      retention: { buckets: this.#buckets(config) },
      spool: this.#spool(),
      counters: new CloudWatchCountersReader(this.#cloudWatch, { stage, functionName }),
      target,
      opened,
      topics: this.#topics(config),
      subscriptions: new SnsSubscriptions(this.#sns),
      canary: this.#options.canary,
    });
    const { log } = this.#options;
    return {
      store,
      ledger,
      checks,
      channels: opened.channels,
      rules: rulesOf(config, target),
      heartbeat,
      log,
    };
  }

  #spool(): SqsSpoolReader {
    const { stage, spoolQueue: queueUrl, spoolDeadLetters: deadLettersUrl } = this.#names;
    const age = new CloudWatchSpoolAge(this.#cloudWatch, { stage, queueName: queueNameOf(queueUrl) });
    return new SqsSpoolReader(this.#sqs, { queueUrl, deadLettersUrl }, age);
  }

  #buckets(config: Config) {
    const { archiveBucket, ledgerBucket } = this.#names;
    const reader = (bucket: string) => new S3BucketReader(this.#s3, bucket);
    return [
      { subject: 'archive', reader: reader(archiveBucket), expected: expectedArchive(config) },
      { subject: 'ledger', reader: reader(ledgerBucket), expected: expectedLedger(config) },
    ] as const;
  }

  /**
   * Somebody has to be subscribed to every topic that is told anything. In another account that is for its owner
   * to see to, who lets the watch publish and rarely look.
   */
  #topics({ alerts }: Config): ReadonlyMap<string, string> {
    const { alertsTopic, urgentTopic } = this.#names;
    const told = Object.entries(alerts.channels).flatMap(([name, channel]): [string, string][] =>
      channel.type === 'sns' ? [[name, channel.topicArn ?? alertsTopic]] : [],
    );
    const own = told.filter(([, arn]) => accountOf(arn) === accountOf(urgentTopic));
    return new Map([...own, ['topic urgent', urgentTopic]]);
  }
}

/** Of `https://sqs.<region>.amazonaws.com/<account>/<name>`. */
function queueNameOf(queueUrl: string): string {
  return queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
}

/** Of `arn:<partition>:sns:<region>:<account>:<name>`. */
function accountOf(topicArn: string): string | undefined {
  return topicArn.split(':')[4];
}
