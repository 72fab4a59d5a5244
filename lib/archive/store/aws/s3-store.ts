import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { readAwsFailure } from '../../../base/aws/aws-failure.ts';
import { oneAttempt } from '../../../base/aws/one-attempt.ts';
import type { ObjectKey } from '../../format/key.ts';
import {
  type ArchiveReader,
  type ArchiveWriter,
  type Creation,
  type StoredObject,
  StoreError,
} from '../store.ts';
import { s3Error } from './s3-error.ts';

/** The archive in a bucket of S3, or of a store that speaks its protocol. */
export class S3Store implements ArchiveWriter, ArchiveReader {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async create(key: ObjectKey, body: Buffer, signal: AbortSignal): Promise<Creation> {
    try {
      return await createOnly(this.#client, this.#bucket, key, body, signal);
    } catch (cause) {
      throw s3Error(cause, 'PutObject', this.#bucket);
    }
  }

  async *list(prefix: string, after: string): AsyncGenerator<StoredObject> {
    let token: string | undefined;
    do {
      const page = await this.#listPage(prefix, after, token);
      for (const { Key: key, Size: size } of page.Contents ?? []) {
        if (key !== undefined) yield { key, size: size ?? 0 };
      }
      token = page.NextContinuationToken;
      if (page.IsTruncated === true && token === undefined) {
        // To stop here would pass a part of the archive off as the whole.
        throw new StoreError('unavailable', `the list of bucket "${this.#bucket}" breaks off: try again`);
      }
    } while (token !== undefined);
  }

  async #listPage(prefix: string, after: string, token: string | undefined) {
    try {
      return await this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          ...(after === '' ? {} : { StartAfter: after }),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
      );
    } catch (cause) {
      throw s3Error(cause, 'ListObjectsV2', this.#bucket);
    }
  }

  async read(key: string): Promise<Buffer> {
    try {
      const { Body: body } = await this.#client.send(
        new GetObjectCommand({ Bucket: this.#bucket, Key: key }),
      );
      const bytes = (await body?.transformToByteArray()) ?? new Uint8Array();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    } catch (cause) {
      throw s3Error(cause, 'GetObject', this.#bucket);
    }
  }
}

/**
 * One conditional PUT. What it throws is the client's own error.
 *
 * The client adds a signed SHA-256 of the body and, where {@link sendsChecksums}, a CRC-32 (zlib's native one), both as
 * headers since the body is a buffer: S3 refuses a body that changed on its way.
 */
async function createOnly(
  client: S3Client,
  bucket: string,
  key: string,
  body: Buffer,
  signal?: AbortSignal,
): Promise<Creation> {
  const command = new PutObjectCommand({
    Bucket: bucket,
    Key: key,
    Body: body,
    // No Content-Encoding: an HTTP client would inflate the object on its way out.
    ContentType: 'application/gzip',
    ContentLength: body.length,
    IfNoneMatch: '*',
  });
  try {
    await client.send(command, signal === undefined ? {} : { abortSignal: signal });
    return 'created';
  } catch (error) {
    if (readAwsFailure(error).status === 412) return 'exists';
    throw error;
  }
}

/** Throws {@link StoreError} `refused` when the bucket is missing, forbidden or elsewhere, naming what to do. */
export async function checkBucket(client: S3Client, bucket: string): Promise<void> {
  try {
    // Not HeadBucket: its answer has no body, so it can't say what is wrong.
    await client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 }));
  } catch (cause) {
    throw s3Error(cause, 'ListObjectsV2', bucket);
  }
}

const probeKey = 'cistern-create-only-probe';
const probeBody = Buffer.from(
  'Written to see whether this store enforces If-None-Match. Cistern may write it again.\n',
);

/**
 * Whether the store enforces create-only writes: some (Ceph's gateway) overwrite instead. `unknown` when the
 * credentials may not write the probe, which lies outside `logs/`. Throws {@link StoreError} otherwise.
 */
export async function checkCreateOnly(
  client: S3Client,
  bucket: string,
): Promise<'enforced' | 'ignored' | 'unknown'> {
  try {
    const first = await createOnly(client, bucket, probeKey, probeBody);
    const second = first === 'exists' ? first : await createOnly(client, bucket, probeKey, probeBody);
    return second === 'exists' ? 'enforced' : 'ignored';
  } catch (cause) {
    const { status, setup } = readAwsFailure(cause);
    // 409: another start probes at this moment, and the store minds.
    if (status === 409) return 'enforced';
    if (status === 403 && setup === undefined) return 'unknown';
    throw s3Error(cause, 'PutObject', bucket);
  }
}

/**
 * A client for {@link S3Store}, set up by the environment as every AWS client is; `overrides` win.
 *
 * It makes one attempt a request: how often and how long to try is the caller's to say.
 */
export function createS3Client(overrides: S3ClientConfig = {}): S3Client {
  return new S3Client({
    ...oneAttempt,
    // Above 2 MiB the client would ask first: on a connection of its own, waiting up to 6 s for leave.
    expectContinueHeader: false,
    // A store at an endpoint of one's own rarely has a host name for each bucket.
    forcePathStyle: Boolean(overrides.endpoint ?? ownEndpoint()),
    ...(sendsChecksums()
      ? {}
      : { requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' }),
    ...overrides,
  });
}

/**
 * Whether a client adds a checksum header to what it sends, which several S3-compatible stores answer with 501: to
 * AWS, and where AWS_REQUEST_CHECKSUM_CALCULATION says so. Without it the signed SHA-256 of the body still holds.
 */
export function sendsChecksums(): boolean {
  if (process.env['AWS_REQUEST_CHECKSUM_CALCULATION']) return true;
  const endpoint = ownEndpoint();
  return endpoint === undefined || /\.amazonaws\.com(\.cn)?$/.test(URL.parse(endpoint)?.hostname ?? '');
}

function ownEndpoint(): string | undefined {
  return process.env['AWS_ENDPOINT_URL_S3'] || process.env['AWS_ENDPOINT_URL'] || undefined;
}
