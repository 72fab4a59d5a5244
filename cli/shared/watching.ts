import { join } from 'node:path';
import { brokenChannel } from '../../lib/alerts/deliver.ts';
import { openChannels } from '../../lib/alerts/make-channels.ts';
import type { PageLister } from '../../lib/archive/store/page-lister.ts';
import type { Log } from '../../lib/base/log.ts';
import type { Config } from '../../lib/config/config.ts';
import { parameterNames } from '../../lib/drains/parameters.ts';
import { rulesOf } from '../../lib/incidents/rules/rules.ts';
import { LedgerIncidents } from '../../lib/incidents/store/ledger-incidents.ts';
import { checksThrough } from '../../lib/jobs/watch-checks.ts';
import type { WatchJob } from '../../lib/jobs/watch-job.ts';
import type { CountersReader } from '../../lib/metrics/counters-reader.ts';
import { CliError } from './errors.ts';
import { dataFlag, openTarget, type StageTarget, type Target } from './target.ts';
import { type ConfigOptions, configOf } from './target-config.ts';

export interface WatchingOptions {
  readonly log: Log;
  /** Whether a tracer is sent: a look that changes nothing sends none. */
  readonly canary: boolean;
}

/** How the target of a command is watched. Throws {@link CliError}. */
export async function openWatch(options: ConfigOptions, watching: WatchingOptions): Promise<WatchJob> {
  const target = await openTarget(options);
  if (target.kind === 'stage') return openStageWatch(target, watching);
  const { data, bucket } = target;
  return openLocalWatch({ data, bucket, target, config: await configOf(target, options), ...watching });
}

async function openStageWatch(target: StageTarget, watching: WatchingOptions): Promise<WatchJob> {
  const { StageWatch } = await import('../../lib/jobs/aws/stage.ts');
  const nameIn = async (parameter: string): Promise<string> => {
    const value = await target.parameters.get(parameter);
    if (value !== undefined) return value;
    throw new CliError(
      `${target.describe} has no parameter ${parameter}: deploy it with \`npm run deploy\`, or correct --stage.`,
    );
  };
  const names = {
    stage: target.stage,
    archiveBucket: await nameIn(parameterNames.archiveBucket),
    ledgerBucket: await nameIn(parameterNames.ledgerBucket),
    receiverFunction: await nameIn(parameterNames.receiverFunction),
    alertsTopic: await nameIn(parameterNames.alertsTopic),
    urgentTopic: await nameIn(parameterNames.urgentTopic),
    spoolQueue: await nameIn(parameterNames.spoolQueue),
    spoolDeadLetters: await nameIn(parameterNames.spoolDeadLetters),
  };
  return new StageWatch(names, watching).job();
}

export interface LocalWatch extends WatchingOptions {
  readonly data: string;
  /** The archive, where it is not in the data directory. */
  readonly bucket: string | undefined;
  readonly target: Pick<Target, 'parameters' | 'openArchive' | 'openLedger'>;
  readonly config: Config;
  /** Only the process that receives has them. */
  readonly counters?: CountersReader;
  /** When the receiver began. */
  readonly startedAt?: number;
}

/** How a data directory is watched, in `serve` and beside it. */
export async function openLocalWatch(local: LocalWatch): Promise<WatchJob> {
  const { data, target, config, log, canary, counters, startedAt } = local;
  const { parameters } = target;
  const flags = dataFlag(data);
  const { DirectorySpace } = await import('../../lib/watch/checks/retention/directory/directory-space.ts');
  const { DirectorySpoolReader } = await import('../../lib/spool/journal/journal-spool-reader.ts');
  const [ledger, archive, lister, secrets, heartbeat] = await Promise.all([
    target.openLedger(),
    target.openArchive(),
    openLister(local),
    parameters.get(parameterNames.alerts),
    parameters.get(parameterNames.heartbeat),
  ]);
  const opened = openChannels(config.alerts, secrets, { sns: await snsMaker(config) });
  const store = new LedgerIncidents(ledger);
  const checks = checksThrough({
    config,
    parameters,
    archive,
    lister,
    ledger,
    spool: new DirectorySpoolReader(join(data, 'spool')),
    incidents: store,
    retention: { directories: [{ subject: 'data', reader: new DirectorySpace(data) }] },
    target: flags,
    opened,
    canary,
    ...(counters === undefined ? {} : { counters }),
    ...(startedAt === undefined ? {} : { startedAt }),
  });
  return { store, ledger, checks, channels: opened.channels, rules: rulesOf(config, flags), heartbeat, log };
}

async function openLister({ data, bucket }: LocalWatch): Promise<PageLister> {
  if (bucket === undefined) {
    const { DirectoryPageLister } = await import(
      '../../lib/archive/store/directory/directory-page-lister.ts'
    );
    return new DirectoryPageLister(join(data, 'archive'));
  }
  const { createS3Client } = await import('../../lib/archive/store/aws/s3-store.ts');
  const { S3PageLister } = await import('../../lib/archive/store/aws/s3-page-lister.ts');
  return new S3PageLister(createS3Client({ maxAttempts: 3 }), bucket);
}

/** The SDK is loaded only where a topic is configured. */
async function snsMaker({ alerts }: Config) {
  const wanted = Object.values(alerts.channels).some(({ type }) => type === 'sns');
  if (!wanted) return (name: string) => brokenChannel(name, 'there is no topic');
  const { SnsChannel } = await import('../../lib/alerts/aws/sns-channel.ts');
  const { SnsClients } = await import('../../lib/alerts/aws/sns-clients.ts');
  const clients = new SnsClients();
  return (name: string, topicArn: string) => new SnsChannel(name, clients.of(topicArn), topicArn);
}
