import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { S3Client } from '@aws-sdk/client-s3';
import { DirectoryStore } from '../../lib/archive/store/directory/directory-store.ts';
import { type ArchiveReader, type ArchiveWriter, StoreError } from '../../lib/archive/store/store.ts';
import { messageOf } from '../../lib/base/errors.ts';
import { CliError } from '../shared/errors.ts';
import type { ServeOutput } from './output.ts';

export type Archive = ArchiveWriter & ArchiveReader;

export interface StoreOptions {
  readonly data: string;
  readonly bucket?: string;
}

/** How long a start waits for a bucket to say that it is the right one. Meanwhile nobody is answered. */
const patienceMs = 2_000;
const lookAgainMs = 30_000;

/**
 * Where `serve` keeps the archive. Throws {@link CliError} for a bucket that is missing or refuses these
 * credentials. One that is merely away is no reason not to receive: batches wait for it in the spool.
 */
export async function openStore({ bucket, data }: StoreOptions, output: ServeOutput): Promise<Archive> {
  if (bucket === undefined) return new DirectoryStore(join(data, 'archive'));
  const s3 = await import('../../lib/archive/store/aws/s3-store.ts');
  const client = s3.createS3Client();
  try {
    await within(patienceMs, checkBucket(client, bucket, output));
  } catch (cause) {
    if (!isAway(cause)) throw new CliError(messageOf(cause), { cause });
    output.warn('the bucket is away: what arrives is spooled until it is back', { bucket, error: cause });
    void checkOnceItIsBack(client, bucket, output);
  }
  if (!s3.sendsChecksums()) {
    const setting = 'AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_SUPPORTED sends it';
    output.info(`this store is not AWS: no checksum header is sent to it (${setting})`, { bucket });
  }
  return new s3.S3Store(client, bucket);
}

async function checkBucket(client: S3Client, bucket: string, output: ServeOutput): Promise<void> {
  const s3 = await import('../../lib/archive/store/aws/s3-store.ts');
  await s3.checkBucket(client, bucket);
  const createOnly = await s3.checkCreateOnly(client, bucket);
  if (createOnly === 'enforced') return;
  output.warn(
    createOnly === 'ignored'
      ? 'this store ignores If-None-Match: a repeated batch overwrites itself; keep the bucket versioned'
      : 'whether this store honours If-None-Match could not be found out',
    { bucket },
  );
}

/** What would have ended the start is told as soon as it is known. */
async function checkOnceItIsBack(client: S3Client, bucket: string, output: ServeOutput): Promise<void> {
  for (;;) {
    await sleep(lookAgainMs, undefined, { ref: false });
    try {
      await checkBucket(client, bucket, output);
      return output.info('the bucket answers again', { bucket });
    } catch (error) {
      if (isAway(error)) continue;
      return output.error('the bucket answers again, and refuses: what arrives stays in the spool', {
        bucket,
        error,
      });
    }
  }
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const timeout = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => timeout.reject(new StoreError('unavailable', `no answer within ${ms / 1000} s`)),
    ms,
  );
  // What comes later is of no interest: it is looked for again.
  work.catch(() => undefined);
  try {
    await Promise.race([work, timeout.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function isAway(error: unknown): boolean {
  return error instanceof StoreError && error.retry;
}
