import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { s3Error } from '../../archive/store/aws/s3-error.ts';
import { readAwsFailure } from '../../base/aws/aws-failure.ts';
import { type Ledger, LedgerError, type LedgerObject } from '../ledger.ts';

const maxAttempts = 4;
/** Of one attempt: an attachment of 2 MB takes a part of it even on a slow line. */
const attemptMs = 10_000;
const firstPauseMs = 50;

/**
 * The ledger in a bucket of S3, or of a store that speaks its protocol. A version is an ETag.
 *
 * The client makes one attempt a request, so that what an attempt may have done is known here: busy, failing
 * and conflicting (409) answers are tried again a few times, within some seconds.
 */
export class S3Ledger implements Ledger {
  readonly #client: S3Client;
  readonly #bucket: string;

  constructor(client: S3Client, bucket: string) {
    this.#client = client;
    this.#bucket = bucket;
  }

  async read(key: string, signal?: AbortSignal): Promise<LedgerObject | undefined> {
    const get = async (abortSignal: AbortSignal): Promise<LedgerObject | undefined> => {
      const command = new GetObjectCommand({ Bucket: this.#bucket, Key: key });
      const { Body: content, ETag: version } = await this.#client.send(command, { abortSignal });
      const bytes = (await content?.transformToByteArray()) ?? new Uint8Array();
      if (version === undefined) {
        throw new LedgerError(`bucket "${this.#bucket}" gives no ETag: take a store that does`, false);
      }
      return { body: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), version };
    };
    return this.#attempts('GetObject', signal, get, ({ status, code }) =>
      status === 404 && code !== 'NoSuchBucket' ? { is: undefined } : undefined,
    );
  }

  /** A 412 after an attempt whose answer was lost may be our own object: `exists` is true all the same. */
  async create(key: string, body: Buffer, signal?: AbortSignal): Promise<'created' | 'exists'> {
    const put = this.#put(key, body, { IfNoneMatch: '*' }, 'created' as const);
    return this.#attempts<'created' | 'exists'>('PutObject', signal, put, ({ status }) =>
      status === 412 ? { is: 'exists' } : undefined,
    );
  }

  /** Throws a {@link LedgerError} to retry, and says neither, where an attempt may have replaced it unheard. */
  async replace(
    key: string,
    body: Buffer,
    version: string | undefined,
    signal?: AbortSignal,
  ): Promise<'replaced' | 'changed'> {
    const condition = version === undefined ? { IfNoneMatch: '*' } : { IfMatch: version };
    const put = this.#put(key, body, condition, 'replaced' as const);
    return this.#attempts<'replaced' | 'changed'>('PutObject', signal, put, ({ status, code }, unheard) => {
      const gone = status === 404 && code === 'NoSuchKey';
      if (status !== 412 && !gone) return undefined;
      if (!unheard) return { is: 'changed' };
      throw new LedgerError(`whether ${key} was replaced is not known: read it again`, true);
    });
  }

  async *list(prefix: string, after = '', signal?: AbortSignal): AsyncGenerator<string> {
    let token: string | undefined;
    do {
      const page = await this.#listPage(prefix, after, token, signal);
      for (const { Key: key } of page.Contents ?? []) if (key !== undefined) yield key;
      token = page.NextContinuationToken;
      if (page.IsTruncated === true && token === undefined) {
        // To stop here would pass a part of the ledger off as the whole.
        throw new LedgerError(`the list of bucket "${this.#bucket}" breaks off: try again`, true);
      }
    } while (token !== undefined);
  }

  async #listPage(prefix: string, after: string, token: string | undefined, signal: AbortSignal | undefined) {
    const list = (abortSignal: AbortSignal) =>
      this.#client.send(
        new ListObjectsV2Command({
          Bucket: this.#bucket,
          Prefix: prefix,
          ...(after === '' ? {} : { StartAfter: after }),
          ...(token === undefined ? {} : { ContinuationToken: token }),
        }),
        { abortSignal },
      );
    return this.#attempts('ListObjectsV2', signal, list);
  }

  #put<Outcome>(
    key: string,
    body: Buffer,
    condition: { IfMatch: string } | { IfNoneMatch: string },
    done: Outcome,
  ): Attempt<Outcome> {
    return async (abortSignal) => {
      const command = new PutObjectCommand({
        Bucket: this.#bucket,
        Key: key,
        Body: body,
        ContentType: contentType(key),
        ContentLength: body.length,
        ...condition,
      });
      await this.#client.send(command, { abortSignal });
      return done;
    };
  }

  /** Attempts until one ends in an outcome, or in what trying again can't mend. */
  async #attempts<Outcome>(
    operation: string,
    signal: AbortSignal | undefined,
    attempt: Attempt<Outcome>,
    meaningOf: Meaning<Outcome> = () => undefined,
  ): Promise<Outcome> {
    let unheard = false;
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await attempt(limited(signal));
      } catch (cause) {
        if (cause instanceof LedgerError) throw cause;
        const meaning = meaningOf(readAwsFailure(cause), unheard);
        if (meaning !== undefined) return meaning.is;
        const error = s3Error(cause, operation, this.#bucket);
        // Not after a conflict or throttling: S3 did not begin. No answer, or any other 5xx, leaves it open.
        unheard ||= error.code === 'unavailable';
        const last = attempts === maxAttempts || signal?.aborted === true;
        if (last || !error.retry) throw new LedgerError(error.message, error.retry, { cause });
        await pause(attempts, signal);
      }
    }
  }
}

type Attempt<Outcome> = (abortSignal: AbortSignal) => Promise<Outcome>;

/**
 * The outcome that a failure stands for, if any. `unheard`: an earlier attempt may have been carried out.
 * May throw a {@link LedgerError}.
 */
type Meaning<Outcome> = (
  failure: { readonly status: number | undefined; readonly code: string },
  unheard: boolean,
) => { readonly is: Outcome } | undefined;

function limited(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(attemptMs);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

async function pause(attempts: number, signal: AbortSignal | undefined): Promise<void> {
  const longest = firstPauseMs * 2 ** attempts;
  try {
    await sleep(longest * (0.5 + Math.random() / 2), undefined, signal === undefined ? {} : { signal });
  } catch {
    // Aborted: the next attempt ends at once, and says so.
  }
}

function contentType(key: string): string {
  if (key.endsWith('.json')) return 'application/json';
  return key.endsWith('.md') ? 'text/markdown; charset=utf-8' : 'text/plain; charset=utf-8';
}
