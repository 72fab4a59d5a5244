import { statSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { ArchiveReader } from '../../lib/archive/store/store.ts';
import { parseReceiverUrl } from '../../lib/drains/drain-url.ts';
import { type ParameterStore, parameterNames } from '../../lib/drains/parameters.ts';
import type { Ledger } from '../../lib/ledger/ledger.ts';
import { CliError } from './errors.ts';

/** The flags that name what a command works on. */
export interface TargetOptions {
  readonly data?: string;
  readonly stage?: string;
  readonly bucket?: string;
}

/** An archive, its ledger and its registry: a data directory or a deployed stage. */
export type Target = DirectoryTarget | StageTarget;

export interface DirectoryTarget extends Opened {
  readonly kind: 'directory';
  readonly data: string;
  /** Where the archive is, when it is not in the data directory. */
  readonly bucket: string | undefined;
}

export interface StageTarget extends Opened {
  readonly kind: 'stage';
  readonly stage: string;
  /** The archive that a flag names in place of the stage's own. */
  readonly bucket: string | undefined;
}

interface Opened {
  /** For the operator: `./data`, `stage prod`. */
  readonly describe: string;
  /** The flags that name it: `--stage prod`. */
  readonly flags: string;
  readonly parameters: ParameterStore;
  /** How a receiver comes to be there, as an order to the operator. */
  readonly startReceiver: string;
  /** How long a receiver may still refuse a secret that was just added. */
  readonly settleMs: number;
  openArchive(): Promise<ArchiveReader>;
  /** `<data>/ledger`, or the stage's ledger bucket. Throws {@link CliError} for a stage that names none. */
  openLedger(): Promise<Ledger>;
}

/** Adds `--data` and `--stage`. Their environment variables are read by {@link openTarget}: a flag beats both. */
export function addTargetOptions(command: Command): Command {
  return command
    .option('--data <dir>', 'data directory (env: CISTERN_DATA, default: ./data)')
    .addOption(new Option('--stage <name>', 'deployed stage, on AWS (env: CISTERN_STAGE)').conflicts('data'));
}

/** Adds `--bucket` too, for commands that read the archive. */
export function addArchiveOptions(command: Command): Command {
  return addTargetOptions(command).option(
    '--bucket <name>',
    'read this bucket of any S3-compatible store (env: CISTERN_BUCKET)',
  );
}

type Choice =
  | Pick<DirectoryTarget, 'kind' | 'data' | 'bucket'>
  | Pick<StageTarget, 'kind' | 'stage' | 'bucket'>;

/**
 * What the flags name, else the environment, else ./data. CISTERN_BUCKET stands beside a data directory, as in
 * `cistern serve`; a stage has its own bucket. Throws {@link CliError}.
 */
export function chooseTarget(
  { data, stage, bucket }: TargetOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Choice {
  const inherited = {
    data: environment['CISTERN_DATA'] || undefined,
    stage: environment['CISTERN_STAGE'] || undefined,
  };
  const named = data !== undefined || stage !== undefined ? { data, stage } : inherited;
  if (named.stage === undefined) {
    const data = named.data ?? './data';
    return { kind: 'directory', data, bucket: bucket ?? (environment['CISTERN_BUCKET'] || undefined) };
  }
  if (named.data !== undefined) {
    throw new CliError('CISTERN_DATA and CISTERN_STAGE are both set: pass --data or --stage to say which.');
  }
  return { kind: 'stage', stage: named.stage, bucket };
}

/** Opens what {@link chooseTarget} finds. SDKs are loaded only where they are needed. Throws {@link CliError}. */
export async function openTarget(options: TargetOptions): Promise<Target> {
  const choice = chooseTarget(options, process.env);
  return choice.kind === 'stage'
    ? openStage(choice.stage, choice.bucket)
    : openDirectory(choice.data, choice.bucket);
}

async function openDirectory(data: string, bucket: string | undefined): Promise<DirectoryTarget> {
  if (bucket === undefined && !statSync(data, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CliError(
      `there is no data directory ${data}: \`cistern serve\` makes one, or pass --data DIR or --stage NAME.`,
    );
  }
  const { DirectoryParameters } = await import('../../lib/drains/directory/directory-parameters.ts');
  return {
    kind: 'directory',
    data,
    bucket,
    describe: data,
    flags: dataFlag(data),
    parameters: new DirectoryParameters(data),
    settleMs: 0,
    startReceiver: `start one with \`cistern serve --data ${data}\``,
    openArchive: async () => {
      if (bucket !== undefined) return openBucket(bucket);
      const { DirectoryStore } = await import('../../lib/archive/store/directory/directory-store.ts');
      return new DirectoryStore(join(data, 'archive'));
    },
    openLedger: async () => {
      const { DirectoryLedger } = await import('../../lib/ledger/directory/directory-ledger.ts');
      return new DirectoryLedger(join(data, 'ledger'));
    },
  };
}

/** Quoted where a shell would take it for something else. */
export function dataFlag(data: string): string {
  return `--data ${/^[\w./~@%+=:,-]+$/.test(data) ? data : `'${data.replaceAll("'", "'\\''")}'`}`;
}

async function openStage(stage: string, bucket: string | undefined): Promise<StageTarget> {
  const { stagePattern } = await import('../../lib/config/config.ts');
  if (!stagePattern.test(stage)) {
    throw new CliError(`'${stage}' can't be a stage: 1 to 20 of a-z, 0-9 and -, starting with a letter.`);
  }
  const { createSsmClient, SsmParameters } = await import('../../lib/drains/aws/ssm-parameters.ts');
  const { maxAgeToRefuseMs } = await import('../../lib/drains/cached-registry.ts');
  const parameters = new SsmParameters(createSsmClient(), stage);
  return {
    kind: 'stage',
    stage,
    bucket,
    describe: `stage ${stage}`,
    flags: `--stage ${stage}`,
    parameters,
    settleMs: maxAgeToRefuseMs,
    startReceiver: 'deploy it with `npm run deploy` (or correct --stage)',
    openArchive: async () => {
      const own = bucket ?? (await parameters.get(parameterNames.archiveBucket));
      if (own !== undefined) return openBucket(own);
      throw new CliError(
        `stage ${stage} names no archive: deploy it with \`npm run deploy\`, correct --stage, or pass --bucket NAME.`,
      );
    },
    openLedger: async () => {
      const ledger = await parameters.get(parameterNames.ledgerBucket);
      if (ledger === undefined) {
        throw new CliError(
          `stage ${stage} names no ledger: deploy it with \`npm run deploy\`, or correct --stage.`,
        );
      }
      const { createS3Client } = await import('../../lib/archive/store/aws/s3-store.ts');
      const { S3Ledger } = await import('../../lib/ledger/aws/s3-ledger.ts');
      return new S3Ledger(createS3Client(), ledger);
    },
  };
}

async function openBucket(bucket: string): Promise<ArchiveReader> {
  const { createS3Client, S3Store } = await import('../../lib/archive/store/aws/s3-store.ts');
  return new S3Store(createS3Client({ maxAttempts: 3 }), bucket);
}

/** Where the target's receiver answers; undefined when none has ever run. Throws {@link CliError}. */
export async function receiverOf({
  parameters,
  describe,
}: Pick<Target, 'parameters' | 'describe'>): Promise<URL | undefined> {
  const value = await parameters.get(parameterNames.receiverUrl);
  if (value === undefined) return undefined;
  const url = parseReceiverUrl(value);
  if (url !== undefined) return url;
  throw new CliError(
    `parameter ${parameterNames.receiverUrl} of ${describe} is '${value}': it must be http(s)://host, without a path.`,
  );
}

/** {@link receiverOf}, where there must be one. */
export async function requireReceiver(target: Target): Promise<URL> {
  const url = await receiverOf(target);
  if (url !== undefined) return url;
  throw new CliError(
    `no receiver has run in ${target.describe} yet: ${target.startReceiver}, then try again.`,
  );
}
