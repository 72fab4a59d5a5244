import { join } from 'node:path';
import { parameterNames } from '../../lib/drains/parameters.ts';
import type { DirectorySpoolReader } from '../../lib/spool/journal/journal-spool-reader.ts';
import type { SpoolReader } from '../../lib/spool/spool.ts';
import type { SqsDeadLetters } from '../../lib/spool/sqs/sqs-dead-letters.ts';
import type { SqsSpool } from '../../lib/spool/sqs/sqs-spool.ts';
import { CliError } from '../shared/errors.ts';
import { type DirectoryTarget, openTarget, type StageTarget, type TargetOptions } from '../shared/target.ts';

/** The spool of a target. */
export type Spool = StageSpool | DirectorySpool;

export interface StageSpool {
  readonly kind: 'stage';
  readonly target: StageTarget;
  readonly reader: SpoolReader;
  readonly deadLetters: SqsDeadLetters;
  readonly queue: SqsSpool;
}

export interface DirectorySpool {
  readonly kind: 'directory';
  readonly target: DirectoryTarget;
  readonly reader: DirectorySpoolReader;
}

/** Throws {@link CliError} for a stage that has none. */
export async function openSpool(options: TargetOptions): Promise<Spool> {
  const target = await openTarget(options);
  if (target.kind === 'stage') return openStageSpool(target);
  const { DirectorySpoolReader } = await import('../../lib/spool/journal/journal-spool-reader.ts');
  const reader = new DirectorySpoolReader(join(target.data, 'spool'));
  return { kind: 'directory', target, reader };
}

async function openStageSpool(target: StageTarget): Promise<StageSpool> {
  const [queueUrl, deadLettersUrl] = await Promise.all([
    target.parameters.get(parameterNames.spoolQueue),
    target.parameters.get(parameterNames.spoolDeadLetters),
  ]);
  if (queueUrl === undefined || deadLettersUrl === undefined) {
    throw new CliError(
      `${target.describe} names no spool: deploy it with \`npm run deploy\` (one that was deployed before there was a spool: again), or correct --stage.`,
    );
  }
  const queues = { queueUrl, deadLettersUrl };
  const { CloudWatchClient } = await import('@aws-sdk/client-cloudwatch');
  const { CloudWatchSpoolAge } = await import('../../lib/spool/sqs/cloudwatch-spool-age.ts');
  const { SqsDeadLetters } = await import('../../lib/spool/sqs/sqs-dead-letters.ts');
  const { createSqsClient, SqsSpool } = await import('../../lib/spool/sqs/sqs-spool.ts');
  const { SqsSpoolReader } = await import('../../lib/spool/sqs/sqs-spool-reader.ts');
  const client = createSqsClient({ maxAttempts: 3 });
  const queueName = queueUrl.slice(queueUrl.lastIndexOf('/') + 1);
  const age = new CloudWatchSpoolAge(new CloudWatchClient(), { stage: target.stage, queueName });
  return {
    kind: 'stage',
    target,
    reader: new SqsSpoolReader(client, queues, age),
    deadLetters: new SqsDeadLetters(client, queues),
    queue: new SqsSpool(client, queueUrl),
  };
}
