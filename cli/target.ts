import { existsSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { ArchiveReader } from '../lib/archive/store.ts';
import type { ParameterStore } from '../lib/drains/parameters.ts';
import { CliError } from './errors.ts';

/** The flags that name what a command works on. */
export interface TargetOptions {
  readonly data?: string;
  readonly stage?: string;
  readonly bucket?: string;
}

/** An archive and its registry: a data directory, a deployed stage, or a bucket of one's own. */
export interface Target {
  /** For the operator: `./data`, `stage prod`. */
  readonly describe: string;
  readonly parameters: ParameterStore;
  openArchive(): Promise<ArchiveReader>;
}

/** Adds `--data` and `--stage`. Their environment variables are read by {@link openTarget}: a flag beats both. */
export function addTargetOptions(command: Command): Command {
  return command
    .addOption(new Option('--data <dir>', 'data directory (env: CISTERN_DATA, default: ./data)'))
    .addOption(new Option('--stage <name>', 'deployed stage, on AWS (env: CISTERN_STAGE)').conflicts('data'));
}

/** Adds `--bucket` too, for commands that read the archive. */
export function addArchiveOptions(command: Command): Command {
  return addTargetOptions(command).option(
    '--bucket <name>',
    'read this bucket of any S3-compatible store (env: CISTERN_BUCKET)',
  );
}

/** Opens what the flags name, else the environment, else ./data. Throws {@link CliError}. */
export async function openTarget(options: TargetOptions): Promise<Target> {
  throw new CliError(`not built yet: ${existsSync(options.data ?? 'data')}`);
}
